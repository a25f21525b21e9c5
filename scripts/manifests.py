"""What schemas can't say of rendered manifests: python manifests.py FILE...

Names lead somewhere, the program knows its variables, network policies let through what the settings need, and pods are what
Pod Security calls restricted. Prints each problem; exits with 1 when there is one.
"""

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

import yaml

KNOWN = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', Path("server/src/config/variables.rs").read_text()))
SECRETS = "/run/secrets/glassboard"


class Manifests:
    """The resources of one file, with the problems found so far."""

    def __init__(self, path):
        self.name = Path(path).name
        self.resources = [document for document in yaml.safe_load_all(Path(path).read_text()) if document]
        self.problems = []

    def of(self, kind):
        return {r["metadata"]["name"]: r for r in self.resources if r["kind"] == kind}

    def need(self, truth, problem):
        if not truth:
            self.problems.append(f"{self.name}: {problem}")

    def matched(self, labels):
        """The pod templates that a selector means."""
        templates = [d["spec"]["template"] for d in self.of("Deployment").values()]
        return [t for t in templates if labels.items() <= t["metadata"]["labels"].items()]


def pod_of(deployment):
    return deployment["spec"]["template"]["spec"]


def settings(manifests, deployment):
    """The variables of a deployment's container, its own winning over those of the config maps."""
    container = pod_of(deployment)["containers"][0]
    merged = {}
    for source in container["envFrom"]:
        name = source["configMapRef"]["name"]
        manifests.need(name in manifests.of("ConfigMap"), f"there is no ConfigMap {name}")
        merged |= manifests.of("ConfigMap").get(name, {}).get("data", {})
    return merged | {variable["name"]: variable.get("value", "") for variable in container["env"]}


def check_variables(manifests, name, variables):
    parts = set(re.findall(r"\$\((\w+)\)", " ".join(variables.values())))
    for variable in variables.keys() - parts:
        known = variable in KNOWN or variable.removesuffix("_FILE") in KNOWN
        manifests.need(known, f"{name}: the program reads no {variable}")
    manifests.need(parts <= variables.keys(), f"{name}: of {parts} not all are set")


def check_secrets(manifests, name, pod, variables):
    files = {v.removesuffix("_FILE"): path for v, path in variables.items() if v.endswith("_FILE") and v not in KNOWN}
    for variable, path in files.items():
        manifests.need(path == f"{SECRETS}/{variable}", f"{name}: {variable} is elsewhere: {path}")
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0]["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    manifests.need(set(mounts.values()) == volumes.keys(), f"{name}: volumes and mounts differ")
    if csi := volumes[mounts[SECRETS]].get("csi"):
        provider = manifests.of("SecretProviderClass").get(csi["volumeAttributes"]["secretProviderClass"])
        manifests.need(provider, f"{name}: there is no such SecretProviderClass")
        aliases = re.findall(r"objectAlias: (\w+)", provider["spec"]["parameters"]["objects"]) if provider else []
        manifests.need(set(aliases) == files.keys(), f"{name}: the Key Vault gives {aliases}, read are {sorted(files)}")


def check_egress(manifests, name, template, variables):
    """A policy lets through each port that the settings name."""
    kafka = [urlsplit(f"//{server}").port or 9092 for server in variables.get("KAFKA_SERVERS", "").split(",") if server]
    needed = {53, int(variables.get("MYSQL_PORT", 3306)), int(variables.get("REDIS_PORT", 6379))}
    needed |= {9093} if variables["MESSAGING_TYPE"] == "eventhub" else set(kafka)
    if collector := variables.get("OTLP_ENDPOINT"):
        url = urlsplit(collector)
        needed.add(url.port or {"http": 80, "https": 443}[url.scheme])
    open_ports = set()
    for policy in manifests.of("NetworkPolicy").values():
        if policy["spec"]["podSelector"].get("matchLabels", {}).items() <= template["metadata"]["labels"].items():
            rules = policy["spec"].get("egress", [])
            manifests.need(all(rule.get("to") and rule.get("ports") for rule in rules), f"{policy['metadata']['name']} is too wide")
            open_ports |= {port["port"] for rule in rules for port in rule["ports"]}
    manifests.need(needed <= open_ports, f"{name}: no policy lets out {needed - open_ports}")


def check_pod(manifests, name, pod, variables):
    manifests.need(pod["serviceAccountName"] in manifests.of("ServiceAccount"), f"{name}: no such service account")
    manifests.need(pod["automountServiceAccountToken"] is False, f"{name}: mounts a token")
    manifests.need(pod["enableServiceLinks"] is False, f"{name}: Services of the namespace would set variables")
    grace = int(variables["GLASSBOARD_DRAIN_SECONDS"]) + 20
    manifests.need(pod["terminationGracePeriodSeconds"] >= grace, f"{name}: is killed before {grace} s")
    security = pod["securityContext"]
    manifests.need(security["runAsNonRoot"] and security["runAsUser"] > 0, f"{name}: runs as root")
    manifests.need(security["seccompProfile"]["type"] == "RuntimeDefault", f"{name}: has no seccomp profile")
    for container in pod["containers"]:
        own = container["securityContext"]
        manifests.need(own["readOnlyRootFilesystem"] and not own["allowPrivilegeEscalation"], f"{name}: may do too much")
        manifests.need(own["capabilities"] == {"drop": ["ALL"]}, f"{name}: has capabilities")
        manifests.need(not re.search(r"(:latest|/[^:]*|^[^:]*)$", container["image"]), f"{name}: the image has no tag")
        for bound in ("requests", "limits"):
            manifests.need({"cpu", "memory", "ephemeral-storage"} <= container["resources"][bound].keys(), f"{name}: {bound}")
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            manifests.need(probe in container, f"{name}: has no {probe}")


def check_names(manifests):
    deployments, services = manifests.of("Deployment"), manifests.of("Service")
    for name, deployment in deployments.items():
        labels = deployment["spec"]["selector"]["matchLabels"]
        manifests.need(len(manifests.matched(labels)) == 1, f"{name} selects other pods than its own")
    for kind in ("PodDisruptionBudget", "NetworkPolicy"):
        for name, resource in manifests.of(kind).items():
            selector = resource["spec"].get("selector") or resource["spec"].get("podSelector")
            manifests.need(manifests.matched(selector.get("matchLabels", {})), f"{kind} {name} selects no pods")
    for name, scaler in manifests.of("HorizontalPodAutoscaler").items():
        target = deployments.get(scaler["spec"]["scaleTargetRef"]["name"])
        manifests.need(target and "replicas" not in target["spec"], f"{name} scales nothing, or has a rival")
    for name, service in services.items():
        pods = manifests.matched(service["spec"]["selector"])
        ports = {port["name"] for pod in pods for port in pod["spec"]["containers"][0]["ports"]}
        targets = {port["targetPort"] for port in service["spec"]["ports"]}
        manifests.need(len(pods) == 1 and targets <= ports, f"Service {name} leads to {len(pods)} workloads, ports {ports}")


def check_ingress(manifests):
    public = {data["GLASSBOARD_PUBLIC_URL"] for c in manifests.of("ConfigMap").values() if "GLASSBOARD_PUBLIC_URL" in (data := c["data"])}
    for ingress in manifests.of("Ingress").values():
        rule, tls = ingress["spec"]["rules"][0], ingress["spec"]["tls"][0]
        manifests.need({f"https://{rule['host']}"} == public and tls["hosts"] == [rule["host"]], f"hosts differ from {public}")
        backend = rule["http"]["paths"][0]["backend"]["service"]
        ports = {p["name"] for p in manifests.of("Service").get(backend["name"], {"spec": {"ports": []}})["spec"]["ports"]}
        manifests.need(backend["port"]["name"] in ports, f"the ingress leads to no port of {backend['name']}")


def check(path):
    manifests = Manifests(path)
    manifests.need({"glassboard-web", "glassboard-worker"} <= manifests.of("Deployment").keys(), "a workload is missing")
    manifests.need("default-deny" in manifests.of("NetworkPolicy"), "there is no default-deny")
    for name, deployment in manifests.of("Deployment").items():
        variables = settings(manifests, deployment)
        check_variables(manifests, name, variables)
        check_secrets(manifests, name, pod_of(deployment), variables)
        check_egress(manifests, name, deployment["spec"]["template"], variables)
        check_pod(manifests, name, pod_of(deployment), variables)
    check_names(manifests)
    check_ingress(manifests)
    return manifests.problems


problems = [problem for path in sys.argv[1:] for problem in check(path)]
print("\n".join(problems) or f"{len(sys.argv) - 1} renderings: names, variables, ports and pods fit together")
sys.exit(bool(problems))
