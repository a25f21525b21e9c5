#!/usr/bin/env bash
# Scripted people in a browser, and what their traces look like to a receiver made of others' code:
# scripts/journeys.sh journeys|tab-closes N. Runs GLASSBOARD_PROGRAM if set, else the release build.
set -euo pipefail
source "$(dirname "$0")/common.sh"

scripts/setup.sh build test services
if [ -z "${GLASSBOARD_PROGRAM:-}" ]; then
    scripts/build.sh
    export GLASSBOARD_PROGRAM=$root/dist/glassboard
fi
export GLASSBOARD_OTLP_PYTHON=$otlp_python
scripts/services.sh start >/dev/null
node "end2end/journeys/$1.mjs" "$2"
