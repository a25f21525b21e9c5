#!/usr/bin/env bash
# Renders the base and every overlay of k8s/, and checks them: each field strictly against Kubernetes' schemas, then what
# schemas can't say (manifests.py). What was rendered stays in $CARGO_TARGET_DIR/manifests.
set -euo pipefail
source "$(dirname "$0")/common.sh"

# Kinds that add-ons bring; Kubernetes has no schemas of them.
foreign=SecretProviderClass
rendered=$CARGO_TARGET_DIR/manifests

# strictly VERSION FILE...
strictly() {
    local version=$1
    shift
    "$kubeconform" -strict -summary -skip "$foreign" -kubernetes-version "$version" \
        -schema-location "$kubernetes_schemas/{{ .NormalizedKubernetesVersion }}-local-strict/{{ .ResourceKind }}{{ .KindSuffix }}.json" "$@"
}

# A misspelt field must be found, or the rest proves nothing.
check_the_check() {
    local version=$1 seen
    ! seen=$(strictly "$version" "$rendered/misspelt.yaml" 2>&1) || fail "Kubernetes $version: a misspelt field was not found: $seen"
    grep -q "'readonlyRootFilesystem' not allowed" <<<"$seen" || fail "Kubernetes $version: $seen"
}

# A run that checked less than everything says so in its counts only.
check() {
    local version=$1 all skipped seen
    shift
    all=$(cat "$@" | grep -c '^kind: ')
    skipped=$(cat "$@" | grep -cE "^kind: ($foreign)\$" || true)
    seen=$(strictly "$version" "$@" 2>&1) || fail "Kubernetes $version: $seen"
    [ "$seen" = "Summary: $all resources found in $# files - Valid: $((all - skipped)), Invalid: 0, Errors: 0, Skipped: $skipped" ] ||
        fail "Kubernetes $version: not all of $all resources were checked: $seen"
    say "Kubernetes $version knows every field of $((all - skipped)) resources; $skipped of an add-on not looked at"
}

rm -rf "$rendered"
mkdir -p "$rendered"
files=()
for folder in k8s/base k8s/overlays/*; do
    files+=("$rendered/${folder##*/}.yaml")
    "$kustomize" build "$folder" >"${files[-1]}"
done
"$kubernetes_python" scripts/manifests.py "${files[@]}"
sed 's/readOnlyRoot/readonlyRoot/' "${files[0]}" >"$rendered/misspelt.yaml"
for version in "${kubernetes_versions[@]}"; do
    check_the_check "$version"
    check "$version" "${files[@]}"
done
