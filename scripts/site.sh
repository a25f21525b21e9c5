#!/usr/bin/env bash
# Builds the front end's files: scripts/site.sh debug|release|unrecorded, the last being a release that records nothing.
# Result: $CARGO_TARGET_DIR/site/{debug,release}, with pkg/glassboard.{js,wasm,css}, the pages' files, and everything of public/.
# A debug server reads that folder while it runs; a release server carries it (both: GLASSBOARD_SITE_DIR).
set -euo pipefail
source "$(dirname "$0")/common.sh"

profile=${1:-debug}
case $profile in
    debug) cargo_profile=dev built=$CARGO_TARGET_DIR/wasm32-unknown-unknown/debug options=() ;;
    release) cargo_profile=wasm-release built=$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm-release options=() ;;
    unrecorded)
        cargo_profile=wasm-release built=$CARGO_TARGET_DIR/unrecorded/wasm32-unknown-unknown/wasm-release
        options=(--features telemetry/unrecorded --target-dir "$CARGO_TARGET_DIR/unrecorded")
        ;;
    *) fail "usage: scripts/site.sh debug|release|unrecorded" ;;
esac

site=$CARGO_TARGET_DIR/site/$profile
stamp=$site.stamp
whole=$built/frontend.wasm
wasm_bindgen=$(find_wasm_bindgen) || fail "wasm-bindgen $wasm_bindgen_version is missing: run make setup"
wasm_split=$wasm_split_root/bin/wasm-split-cli
[ -x "$wasm_split" ] || fail "wasm-split $wasm_split_version is missing: run make setup"
npm_is_fresh scripts || fail "the npm packages of scripts/ are missing or old: run make setup"

say "Front end ($profile): cargo"
cargo build --package frontend --lib --target wasm32-unknown-unknown --profile "$cargo_profile" "${options[@]}"

inputs() {
    echo "$wasm_bindgen_version $wasm_split_version"
    sha256sum "$whole" scripts/site.sh scripts/pages.mjs scripts/compress.mjs scripts/package-lock.json
    find style public -type f | LC_ALL=C sort | xargs -r -d '\n' sha256sum
}
current=$(inputs)
if [ -d "$site" ] && [ "$current" = "$(cat "$stamp" 2>/dev/null)" ]; then
    say "Front end ($profile): nothing changed"
    exit
fi

# Everything is made beside the old files, which are replaced at the end: an interrupted build leaves no half of a site.
new=$site.new
raw=$site.raw
rm -rf "$new" "$raw"
mkdir -p "$new/pkg" "$raw"
[ ! -d public ] || cp -R public/. "$new"

say "Front end ($profile): wasm-split and wasm-bindgen"
# A main module and one file per group of pages (app/src/pages/routes.rs), with the script that loads them.
"$wasm_split" "$whole" "$raw" --out-name glassboard
# What the other files import from the main one must keep its name and its exports.
"$wasm_bindgen" --target web --no-typescript --keep-lld-exports --no-demangle --out-name glassboard --out-dir "$raw" "$raw/glassboard.wasm"
mv "$raw/glassboard_bg.wasm" "$raw/glassboard.wasm"
sed -i 's/glassboard_bg\.wasm/glassboard.wasm/g' "$raw/glassboard.js"

if [ "$profile" != debug ]; then
    say "Front end ($profile): wasm-opt (under a minute)"
    # What is called from one place only stays a function of its own, and functions of like names stand side by side: a little
    # longer, but a tenth shorter once compressed (docs/BENCHMARKS.md).
    for file in "$raw"/*.wasm; do
        # The features that rustc's wasm32-unknown-unknown has on by default since 1.87.
        scripts/node_modules/.bin/wasm-opt -Oz --converge --one-caller-inline-max-function-size=10 --reorder-functions-by-name --quiet \
            --enable-bulk-memory --enable-multivalue --enable-mutable-globals \
            --enable-nontrapping-float-to-int --enable-reference-types --enable-sign-ext \
            "$file" -o "$new/pkg/${file##*/}" 2> >(grep -v 'unknown name subsection' >&2)
    done
else
    cp "$raw"/*.wasm "$new/pkg"
fi
node scripts/pages.mjs "$raw/__wasm_split.js" "$new/pkg"

# wasm-bindgen names the script that loads the pages' files once for each of them.
esbuild=(scripts/node_modules/.bin/esbuild --log-level=warning --log-override:duplicate-object-key=silent)
[ "$profile" = debug ] || esbuild+=(--minify)
# Bundled, so that the snippets of crates and the pages' loader travel in the same file.
"${esbuild[@]}" "$raw/glassboard.js" --bundle --format=esm --target=es2022 --outfile="$new/pkg/glassboard.js"
# In the order of their names; each file ends with a line break.
find style -maxdepth 1 -name '*.css' | LC_ALL=C sort | xargs -r -d '\n' cat | "${esbuild[@]}" --loader=css >"$new/pkg/glassboard.css"

if [ "$profile" != debug ]; then
    say "Front end ($profile): compress"
    node scripts/compress.mjs "$new"
    first_visit=$(cat "$new"/pkg/glassboard.{css,js,wasm}.br | wc -c)
    say "Front end ($profile): a first visit to the messages takes $first_visit bytes besides its HTML; 300,000 are the limit"
fi

rm -rf "$site" "$raw"
mv "$new" "$site"
printf '%s\n' "$current" >"$stamp"
