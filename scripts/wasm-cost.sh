#!/usr/bin/env bash
# What the browser's part of telemetry costs: the same front end is built with and without it, and both are loaded and clicked in
# Chromium, in turn. scripts/wasm-cost.sh; LOADS=30 CLICKS=300 are the defaults.
set -euo pipefail
source "$(dirname "$0")/common.sh"

scripts/site.sh release
scripts/site.sh unrecorded
cargo build --quiet
node scripts/wasm-cost.mjs "$CARGO_TARGET_DIR/debug/glassboard" "$CARGO_TARGET_DIR/site/release" "$CARGO_TARGET_DIR/site/unrecorded"
