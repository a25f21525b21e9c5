#!/usr/bin/env bash
# Serves a debug build that is built and started anew after every change; open pages reload.
set -euo pipefail
source "$(dirname "$0")/common.sh"
export GLASSBOARD_LIVE_RELOAD=1
exec node scripts/watch.mjs "$@"
