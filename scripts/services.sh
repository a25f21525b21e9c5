#!/usr/bin/env bash
# Real engines on loopback, for trying the board on them: scripts/services.sh start | stop [NAME]... | running | variables
# Their data is in .services/ and stays there; `start` prints the variables that a board needs.
set -euo pipefail
source "$(dirname "$0")/common.sh"

folder=$root/.services
mariadb_port=13306
redis_port=16379
kafka_port=19092
kafka_controller_port=19093
password=only-for-trying
PATH=$PATH:/usr/sbin

# A number in a file may be another program's by now.
runs() { [ -f "$folder/$1.pid" ] && grep -qE '^(mariadbd|redis-server|java)' "/proc/$(cat "$folder/$1.pid")/comm" 2>/dev/null; }

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_for NAME PORT: until somebody listens there.
wait_for() {
    for _ in $(seq 300); do
        is_free "$2" || return 0
        # It may not be the program yet.
        kill -0 "$(cat "$folder/$1.pid")" 2>/dev/null || fail "$1 does not start: see $folder/$1.log"
        sleep 0.2
    done
    fail "$1 does not answer on port $2: see $folder/$1.log"
}

begin() { # NAME PORT COMMAND...
    local name=$1 port=$2
    shift 2
    runs "$name" && return
    is_free "$port" || fail "port $port is in use by another program; stop it, then run this again"
    say "$name on 127.0.0.1:$port" >&2
    setsid "$@" >"$folder/$name.log" 2>&1 </dev/null &
    echo $! >"$folder/$name.pid"
    wait_for "$name" "$port"
}

start() {
    scripts/setup.sh services >&2
    mkdir -p "$folder"
    if [ ! -d "$folder/mariadb" ]; then
        # A server that starts removes the temporary tables of others that it finds.
        TMPDIR=$folder mariadb-install-db --no-defaults --auth-root-authentication-method=normal --skip-test-db \
            --user="$(id -un)" --datadir="$folder/mariadb" >"$folder/mariadb-install.log"
    fi
    # A line for each statement.
    cat >"$folder/mariadb.sql" <<END
CREATE USER IF NOT EXISTS board@localhost IDENTIFIED BY '$password';
GRANT ALL ON glassboard.* TO board@localhost;
END
    begin mariadb "$mariadb_port" mariadbd --no-defaults --user="$(id -un)" --datadir="$folder/mariadb" \
        --socket="$folder/mariadb.sock" --pid-file="$folder/mariadb.own-pid" --init-file="$folder/mariadb.sql" \
        --tmpdir="$folder" --port="$mariadb_port" --bind-address=127.0.0.1 --innodb-buffer-pool-size=512M --max-connections=200
    begin redis "$redis_port" redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$folder" \
        --save "" --appendonly no --requirepass "$password"
    start_kafka
    variables
}

start_kafka() {
    cat >"$folder/kafka.properties" <<END
process.roles=broker,controller
node.id=1
log.dirs=$folder/kafka
controller.quorum.bootstrap.servers=127.0.0.1:$kafka_controller_port
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:$kafka_port,CONTROLLER://127.0.0.1:$kafka_controller_port
advertised.listeners=PLAINTEXT://127.0.0.1:$kafka_port
default.replication.factor=1
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
min.insync.replicas=1
group.initial.rebalance.delay.ms=0
END
    local java=(java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$kafka_home/libs/*")
    [ -d "$folder/kafka" ] || "${java[@]}" kafka.tools.StorageTool format --standalone \
        --cluster-id MkU3OEVBNTcwNTJENDM2Qg --config "$folder/kafka.properties" >"$folder/kafka-format.log"
    begin kafka "$kafka_port" "${java[@]}" kafka.Kafka "$folder/kafka.properties"
}

variables() {
    cat <<END
export MYSQL_HOST=127.0.0.1 MYSQL_PORT=$mariadb_port MYSQL_USER=board MYSQL_PASSWORD=$password
export REDIS_HOST=127.0.0.1 REDIS_PORT=$redis_port REDIS_PASSWORD=$password
export MESSAGING_TYPE=kafka KAFKA_SERVERS=127.0.0.1:$kafka_port
END
}

stop() { # NAME...
    local name
    for name in "$@"; do
        runs "$name" || continue
        say "stopping $name"
        kill "$(cat "$folder/$name.pid")"
        while runs "$name"; do sleep 0.1; done
        rm -f "$folder/$name.pid"
    done
}

case "${1:-}" in
    start) start ;;
    stop)
        shift
        [ $# -gt 0 ] || set -- kafka redis mariadb
        stop "$@"
        ;;
    running) runs mariadb && runs redis && runs kafka ;;
    variables) variables ;;
    *) fail "usage: scripts/services.sh start | stop [kafka|redis|mariadb]... | running | variables" ;;
esac
