#!/usr/bin/env bash
# Measures the release build against the figures of docs/BENCHMARKS.md, and prints a table of them.
# MESSAGES=1000000 RUNS=5 SECONDS_EACH=5 LOAD_SECONDS=600 ROUNDS=20 are the defaults.
set -euo pipefail
source "$(dirname "$0")/common.sh"

scripts/build.sh
say "Bare axum, for comparison: cargo"
GLASSBOARD_SITE_DIR=$CARGO_TARGET_DIR/site/release cargo build --package server --release --example bare_axum
say "Store alone: cargo bench"
cargo bench --package store --bench sqlite | tee "$CARGO_TARGET_DIR/store-bench.log"
node scripts/bench.mjs "$root/dist/glassboard" "$CARGO_TARGET_DIR/release/examples/bare_axum"
say "Killed under load"
node scripts/crash.mjs "$root/dist/glassboard"
