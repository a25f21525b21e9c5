#!/usr/bin/env bash
# Serves a debug build that is built and started anew after every change; the page is reloaded by hand.
set -euo pipefail
source "$(dirname "$0")/common.sh"
exec node scripts/watch.mjs "$@"
