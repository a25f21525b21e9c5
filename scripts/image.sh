#!/usr/bin/env bash
# Builds the container image, starts a container of it, and tries that: scripts/image.sh [--binary FILE] [--local-bases]
#   --binary FILE   ships this program, instead of building one in the container (20 minutes and more on two cores)
#   --local-bases   where no registry can be reached: base images of Debian's packages and of this machine's Rust and Node
# Docker is used where its engine answers, else podman, else buildah. IMAGE=glassboard:dev is the image's name.
set -euo pipefail
source "$(dirname "$0")/common.sh"

image=${IMAGE:-glassboard:dev}
port=${PORT:-3900}
token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
arguments=()
local_bases=''
binary=''
while [ $# -gt 0 ]; do
    case $1 in
        --binary) binary=$(realpath "${2:?--binary needs a file}") && shift 2 ;;
        --local-bases) local_bases=yes && shift ;;
        *) fail "usage: scripts/image.sh [--binary FILE] [--local-bases]" ;;
    esac
done

if docker info >/dev/null 2>&1; then
    engine=docker
elif has podman; then
    engine=podman
else
    engine=buildah
    # What works inside of another container, too.
    export BUILDAH_ISOLATION=${BUILDAH_ISOLATION:-chroot} STORAGE_DRIVER=${STORAGE_DRIVER:-vfs}
fi

folder=$(mktemp -d)
container=''
process=''
clean_up() {
    [ -z "$process" ] || kill -KILL "$process" 2>/dev/null || true
    case $engine in
        buildah) [ -z "$container" ] || buildah rm "$container" >/dev/null || true ;;
        *) [ -z "$container" ] || "$engine" rm --force --volumes "$container" >/dev/null || true ;;
    esac
    rm -rf "$folder"
}
trap clean_up EXIT

# build NAME ARGUMENTS...: a Dockerfile on standard input, or a folder with one.
build() {
    local name=$1
    shift
    # Health checks are Docker's; OCI's own format has none.
    case $engine in
        docker) DOCKER_BUILDKIT=1 docker build --tag "$name" "$@" ;;
        *) "$engine" build --format docker --tag "$name" "$@" ;;
    esac
}

is_made() {
    case $engine in
        buildah) buildah inspect --type image "$1" >/dev/null 2>&1 ;;
        *) "$engine" image inspect "$1" >/dev/null 2>&1 ;;
    esac
}

make_debian() {
    is_made localhost/glassboard-debian && return
    say "Base image: Debian by debootstrap (a minute or more)"
    PATH=$PATH:/usr/sbin debootstrap --variant=minbase --include=ca-certificates bookworm "$folder/debian" >"$folder/debootstrap.log" ||
        fail "debootstrap: $(tail -3 "$folder/debootstrap.log")"
    mkdir "$folder/base"
    tar -C "$folder/debian" -cf "$folder/base/debian.tar" .
    printf '%s\n' 'FROM scratch' 'ADD debian.tar /' 'CMD ["bash"]' >"$folder/base/Dockerfile"
    build localhost/glassboard-debian "$folder/base"
    rm -rf "$folder/debian" "$folder/base"
}

make_tools() {
    is_made localhost/glassboard-rust && is_made localhost/glassboard-node && return
    say "Base images: this machine's Rust and Node"
    mkdir -p "$folder/node" "$folder/rust"
    cat >"$folder/node/Dockerfile" <<'END'
FROM scratch
COPY --from=bin node /usr/local/bin/
COPY --from=modules npm /usr/local/lib/node_modules/npm
END
    build localhost/glassboard-node --build-context "bin=$(dirname "$(realpath "$(command -v node)")")" \
        --build-context "modules=$(npm root --global)" "$folder/node"
    # With this machine's authorities: a proxy between it and the registries may be one.
    cat >"$folder/rust/Dockerfile" <<'END'
FROM localhost/glassboard-debian
COPY --from=certificates ca-certificates.crt /etc/ssl/certs/
COPY --from=toolchain / /usr/local/rust
ENV PATH=/usr/local/rust/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    CARGO_HOME=/usr/local/cargo \
    NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
END
    build localhost/glassboard-rust --build-context certificates=/etc/ssl/certs \
        --build-context "toolchain=$(rustc --print sysroot)" "$folder/rust"
}

start() {
    case $engine in
        buildah) start_by_hand ;;
        *)
            container=$("$engine" run --detach --read-only --cap-drop ALL --security-opt no-new-privileges \
                --publish "127.0.0.1:$port:3000" --env "GLASSBOARD_TOKEN=$token" "$image")
            ;;
    esac
}

# What the image says of how it is started.
configured() { buildah inspect --type image --format "$1" "$image"; }

# in_image COMMAND...: becomes a process as a runtime would make it: the image's user, without capabilities or ways to
# new ones, on a root that can't be written, with a volume of its own.
in_image() {
    # shellcheck disable=SC2016
    exec unshare --mount bash -euc '
        root=$1 volume=$2 user=$3
        shift 3
        mount --bind "$root" "$root"
        mount --bind /proc "$root/proc"
        mount --bind /dev "$root/dev"
        mount --bind "$volume" "$root/data"
        mount -o remount,bind,ro "$root"
        exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" env -i --chdir=/data "$@"
    ' in_image "$root" "$folder/volume" "$user" "${environment[@]}" "GLASSBOARD_TOKEN=$token" "GLASSBOARD_LISTEN=127.0.0.1:$port" "$@"
}

# Buildah starts no services.
start_by_hand() {
    container=$(buildah from --pull-never "$image")
    root=$(buildah mount "$container")
    user=$(configured '{{.OCIv1.Config.User}}')
    read -ra environment <<<"$(configured '{{range .OCIv1.Config.Env}}{{.}} {{end}}')"
    read -ra entrypoint <<<"$(configured '{{range .OCIv1.Config.Entrypoint}}{{.}} {{end}}')"
    read -ra health_check <<<"$(configured '{{range .Docker.Config.Healthcheck.Test}}{{.}} {{end}}')"
    cp -a "$root/data" "$folder/volume"
    in_image "${entrypoint[@]}" >"$folder/log" 2>&1 &
    process=$!
}

check_health() {
    case $engine in
        buildah) (in_image "${health_check[@]:1}") ;;
        *)
            for _ in $(seq 60); do
                [ "$("$engine" inspect --format '{{.State.Health.Status}}' "$container")" != healthy ] || return 0
                sleep 1
            done
            return 1
            ;;
    esac
}

# Prints what the program exits with after SIGTERM.
stop() {
    local code=0
    case $engine in
        buildah)
            kill -TERM "$process"
            wait "$process" || code=$?
            process=''
            ;;
        *)
            "$engine" stop --time 30 "$container" >/dev/null
            code=$("$engine" inspect --format '{{.State.ExitCode}}' "$container")
            ;;
    esac
    [ "$code" -eq 0 ] || fail "SIGTERM ended the program with $code"
}

if [ -n "$binary" ]; then
    mkdir "$folder/program"
    install -m 755 "$binary" "$folder/program/glassboard"
    arguments+=(--build-context "program=$folder/program")
fi
if [ -n "$local_bases" ]; then
    make_debian
    [ -n "$binary" ] || make_tools
    arguments+=(--build-arg DEBIAN_IMAGE=localhost/glassboard-debian --build-arg RUST_IMAGE=localhost/glassboard-rust
        --build-arg NODE_IMAGE=localhost/glassboard-node)
fi
say "Image $image with $engine"
build "$image" "${arguments[@]}" .
say "A container of it, read-only and without rights"
start
node scripts/smoke.mjs "http://127.0.0.1:$port" "$token" || fail "$(tail -20 "$folder/log" 2>/dev/null || "$engine" logs "$container")"
check_health || fail "the image's health check fails"
stop
say "$image works: healthy, and SIGTERM ends it with 0"
