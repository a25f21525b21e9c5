#!/usr/bin/env bash
# Measures the release build on the engines of `make services`, with 1,000,000 messages or more in them, and prints
# a table. The first run fills them; each leaves its posts.
# MESSAGES=1000000 RUNS=5 SECONDS_EACH=5 are the defaults.
set -euo pipefail
source "$(dirname "$0")/common.sh"

scripts/services.sh start
scripts/build.sh
say "Bare INSERTs, for comparison: cargo"
cargo build --package store --release --example bare_inserts
node scripts/bench-engines.mjs "$root/dist/glassboard" "$CARGO_TARGET_DIR/release/examples/bare_inserts"
