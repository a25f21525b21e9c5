#!/usr/bin/env bash
# Format, lints and unit tests: what to run before each commit.
set -euo pipefail
source "$(dirname "$0")/common.sh"
source scripts/stages.sh

check_format
lint_server_side
lint_browser_side
cargo test "${server_side[@]}"
