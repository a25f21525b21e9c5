#!/usr/bin/env bash
# Every test: format, manifests, Dockerfile, lints, Rust tests, the pages in Chromium, journeys. Arguments go to Playwright, such as
# `trace.spec.ts`.
# The last line adds up what the runners counted: 'N passed, N failed, N skipped'.
set -euo pipefail
source "$(dirname "$0")/common.sh"
source scripts/stages.sh

results=$CARGO_TARGET_DIR/test-results
mkdir -p "$results"
rm -f "$results"/*
# A stage that breaks before its runner counts anything is a failure, too.
broken=0

# stage NAME COMMAND...: runs it with its time said, and goes on to the next stage whatever happens.
stage() {
    local name=$1 started=$SECONDS
    shift
    if "$@"; then
        say "$name: passed in $((SECONDS - started)) s"
    else
        say "$name: FAILED after $((SECONDS - started)) s"
        broken=$((broken + 1))
    fi
}

rust_tests() {
    say "Rust tests"
    # Builds the server's program with the same features as the tests; the browser tests run it.
    cargo build "${server_side[@]}" --bins --tests || return
    cargo test "${server_side[@]}" --no-fail-fast 2>&1 | tee "$results/rust.log"
}

# The browser's recorder in WASM, run by Node.
wasm_tests() {
    say "WASM tests"
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$(dirname "$(find_wasm_bindgen)")/wasm-bindgen-test-runner
    cargo test --package telemetry --lib --target wasm32-unknown-unknown 2>&1 | tee "$results/wasm.log"
}

browser_tests() {
    say "Browser tests"
    (
        cd end2end
        npm run --silent check || exit
        PLAYWRIGHT_JSON_OUTPUT_NAME=$results/browser.json GLASSBOARD_ROTEL=$(rotel_agent) npx playwright test "$@"
    )
}

rotel_agent() { compgen -G "$tools/rotel-*/lib/python3*/site-packages/rotel/rotel-agent" | tail -1; }

# People in a browser on real engines with a worker, few of them: `make journeys` has a thousand.
journeys() {
    say "Journeys and closed tabs"
    local ran=0
    # Whoever runs the engines keeps them.
    scripts/services.sh running && ran=1
    (
        export GLASSBOARD_PROGRAM=$CARGO_TARGET_DIR/debug/glassboard
        # As with the pages: a busy machine may be late once; what fails twice is broken.
        { scripts/journeys.sh journeys 6 || scripts/journeys.sh journeys 6; } && scripts/journeys.sh tab-closes 15
    )
    local outcome=$?
    [ "$ran" -eq 1 ] || scripts/services.sh stop
    return "$outcome"
}

stage "Format" check_format
stage "Manifests" scripts/manifests.sh
stage "Dockerfile" lint_dockerfile
stage "Lints, server side" lint_server_side
stage "Lints, browser side" lint_browser_side
# Before the server, which is built anew when these files change.
stage "Front end" scripts/site.sh debug
stage "Rust tests" rust_tests
stage "WASM tests" wasm_tests
stage "Browser tests" browser_tests "$@"
[ $# -gt 0 ] || stage "Journeys" journeys

say "All stages: $SECONDS s"
node scripts/summary.mjs "$results" || broken=$((broken + 1))
[ "$broken" -eq 0 ]
