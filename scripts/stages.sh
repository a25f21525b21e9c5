# The checks that check.sh and test.sh share; sourced, never run.

# One choice of packages, and so of their features, for clippy, build and test: cargo then reuses what it compiled.
server_side=(--workspace --exclude frontend)
browser_side=(--package frontend --lib --target wasm32-unknown-unknown)

check_format() {
    say "Format"
    cargo fmt --all --check
}

lint_server_side() {
    say "Lints, server side"
    cargo clippy "${server_side[@]}" --all-targets -- -D warnings
}

lint_browser_side() {
    say "Lints, browser side"
    cargo clippy "${browser_side[@]}" -- -D warnings &&
        cargo clippy --package telemetry --lib --tests --target wasm32-unknown-unknown -- -D warnings
}

lint_dockerfile() {
    say "Dockerfile"
    # Not pinned: Debian keeps only the newest version of a package, and the image is meant to have that one.
    "$hadolint" --ignore DL3008 Dockerfile
}
