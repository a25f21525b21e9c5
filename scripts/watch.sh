#!/usr/bin/env bash
# Builds, serves and rebuilds on every change, with the page reloading itself.
set -euo pipefail
source "$(dirname "$0")/common.sh"

wasm_bindgen=$(find_wasm_bindgen)
PATH=$(dirname "$wasm_bindgen"):$root/scripts/node_modules/.bin:$PATH
export LEPTOS_SITE_ROOT=$CARGO_TARGET_DIR/site/watch
export GLASSBOARD_SITE_DIR=$LEPTOS_SITE_ROOT
exec cargo leptos watch
