#!/usr/bin/env bash
# Two web processes of the board behind a proxy on http://127.0.0.1:3000, and two workers, on shared engines. Ctrl-C ends the
# processes and the proxy; the engines go on until `make services-stop`.
set -euo pipefail
source "$(dirname "$0")/common.sh"

scripts/setup.sh build services
scripts/services.sh start >/dev/null
scripts/build.sh
eval "$(scripts/services.sh variables)"
folder=$root/.services
[ -s "$folder/secret_key" ] || (umask 077 && head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n' >"$folder/secret_key")
export SECRET_KEY_FILE=$folder/secret_key
export GLASSBOARD_OPERATORS=${GLASSBOARD_OPERATORS:-root}
export GLASSBOARD_PUBLIC_URL=http://127.0.0.1:3000 GLASSBOARD_TRUSTED_PROXIES=127.0.0.1
export GLASSBOARD_DRAIN_SECONDS=2

processes=()
trap 'kill "${processes[@]}" 2>/dev/null; wait' EXIT
for number in 1 2 3 4; do
    role=$([ "$number" -le 2 ] && echo web || echo worker)
    dist/glassboard --role "$role" --listen "127.0.0.1:300$number" --data "$folder/board-$number" >"$folder/board-$number.log" &
    processes+=($!)
done
PORT=3000 ONE=3001 TWO=3002 PATH=$PATH:/usr/sbin haproxy -f scripts/haproxy.cfg &
processes+=($!)
until curl -sf -o /dev/null http://127.0.0.1:3000/health/ready; do
    for process in "${processes[@]}"; do
        kill -0 "$process" 2>/dev/null || fail "a process has ended: see $folder/board-*.log"
    done
    sleep 0.2
done
dist/glassboard user add "${GLASSBOARD_OPERATORS%%,*}" <<<"only-for-trying" 2>/dev/null &&
    say "operator ${GLASSBOARD_OPERATORS%%,*}, password only-for-trying"
say "two web processes behind http://127.0.0.1:3000, and two workers"
wait "${processes[@]}"
