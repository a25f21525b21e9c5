#!/usr/bin/env bash
# What if somebody sends the relay anything at all? scripts/fuzz.sh SECONDS: so long for each format, with libFuzzer, which looks
# for ways through the code. A crash, an input that takes five seconds or memory beyond 1 GiB ends it with the input's path.
set -euo pipefail
source "$(dirname "$0")/common.sh"

seconds=$1
corpus=${FUZZ_CORPUS:-$CARGO_TARGET_DIR/fuzz/corpus}
fuzz=crates/telemetry/fuzz
triple=$(rustc -vV | sed -n 's/^host: //p')

# What cargo-fuzz passes, without what only a nightly compiler takes.
flags='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'
flags+=' -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1'
RUSTFLAGS=$flags cargo build --quiet --locked --release --manifest-path "$fuzz/Cargo.toml" --target "$triple" --target-dir "$CARGO_TARGET_DIR/fuzz"
built=$CARGO_TARGET_DIR/fuzz/$triple/release


fuzz_one() {
    say "$1: $seconds s"
    mkdir -p "$corpus/$1"
    FUZZ_SEEDS=$fuzz/seeds FUZZ_CORPUS=$corpus/$1 "$built/$1" "$corpus/$1" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=1024 -max_len=65536 -dict="$fuzz/$2" \
        -artifact_prefix="$corpus/$1-" -print_final_stats=1 2>"$corpus/$1.log" || {
        tail -n 30 "$corpus/$1.log" >&2
        fail "$1 found an input that the relay can't stand; it is named above."
    }
    grep -E '^stat::|^#[0-9]+.*DONE' "$corpus/$1.log"
}
fuzz_one relay_json otlp.dict
fuzz_one relay_protobuf otlp.dict
