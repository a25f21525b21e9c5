#!/usr/bin/env bash
# Builds the product: dist/glassboard, one file with the front end inside.
set -euo pipefail
source "$(dirname "$0")/common.sh"

scripts/site.sh release
say "Server (release): cargo"
GLASSBOARD_SITE_DIR=$CARGO_TARGET_DIR/site/release cargo build --package server --release
mkdir -p dist
if ! cmp -s "$CARGO_TARGET_DIR/release/glassboard" dist/glassboard; then
    # Moved into place: a running server keeps its old file.
    cp "$CARGO_TARGET_DIR/release/glassboard" dist/glassboard.new
    mv dist/glassboard.new dist/glassboard
fi
say "dist/glassboard ($(du -h dist/glassboard | cut -f1))"
