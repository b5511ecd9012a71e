#!/usr/bin/env python3
"""The files of docker/ for Compose and Kubernetes: every key is one that the API has, and what names each other fits.

Needs PyYAML. The keys below are those of the Kubernetes API that our manifests use; a new one is added with its type.
"""
import pathlib
import re
import sys

import lib

try:
    import yaml
except ImportError:
    print("skipped: no PyYAML (Debian: apt-get install python3-yaml)")
    sys.exit(77)

PORT = (int, str)
META = {"name": str, "labels": {str: str}}
PROBE = {"httpGet": {"path": str, "port": PORT}, "periodSeconds": int, "timeoutSeconds": int, "failureThreshold": int}
RESOURCES = {"requests": {"cpu": str, "memory": str}, "limits": {"memory": str}}
CONTAINER = {
    "name": str, "image": str, "restartPolicy": str, "command": [str], "args": [str],
    "env": [{"name": str, "value": str}], "ports": [{"name": str, "containerPort": int}],
    "startupProbe": PROBE, "readinessProbe": PROBE, "livenessProbe": PROBE, "resources": RESOURCES,
    "lifecycle": {"preStop": {"sleep": {"seconds": int}}},
    "securityContext": {"allowPrivilegeEscalation": bool, "readOnlyRootFilesystem": bool, "capabilities": {"drop": [str]}},
    "volumeMounts": [{"name": str, "mountPath": str, "readOnly": bool}],
}
POD = {
    "automountServiceAccountToken": bool, "terminationGracePeriodSeconds": int,
    "securityContext": {"runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int, "fsGroup": int,
                        "seccompProfile": {"type": str}},
    "initContainers": [CONTAINER], "containers": [CONTAINER],
    "volumes": [{"name": str, "configMap": {"name": str}}],
}
KINDS = {
    "apps/v1 Deployment": {"metadata": META, "spec": {
        "replicas": int, "selector": {"matchLabels": {str: str}},
        "strategy": {"rollingUpdate": {"maxUnavailable": PORT, "maxSurge": PORT}},
        "template": {"metadata": META, "spec": POD}}},
    "v1 ConfigMap": {"metadata": META, "data": {str: str}},
    "v1 Service": {"metadata": META, "spec": {
        "selector": {str: str}, "ports": [{"name": str, "port": int, "targetPort": PORT}]}},
    "networking.k8s.io/v1 NetworkPolicy": {"metadata": META, "spec": {
        "podSelector": {"matchLabels": {str: str}}, "policyTypes": [str],
        "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {str: str}}}], "ports": [{"port": PORT}]}]}},
    "monitoring.coreos.com/v1 PodMonitor": {"metadata": META, "spec": {
        "selector": {"matchLabels": {str: str}}, "podMetricsEndpoints": [{"port": str, "path": str}]}},
    "kustomize.config.k8s.io/v1beta1 Kustomization": {
        "resources": [str], "components": [str], "labels": [{"pairs": {str: str}}],
        "images": [{"name": str, "newName": str, "newTag": str}]},
    "kustomize.config.k8s.io/v1alpha1 Component": {"resources": [str], "patches": [{"path": str}]},
}
SERVICE = {
    "image": str, "build": {"context": str, "dockerfile": str}, "command": [str], "init": bool, "expose": [str],
    "environment": {str: str}, "depends_on": [str], "ports": [str], "read_only": bool, "cap_drop": [str],
    "security_opt": [str], "mem_limit": str, "pids_limit": int, "stop_grace_period": str, "restart": str,
    "network_mode": str, "user": str, "volumes": [str],
}
COMPOSE = {"services": {str: SERVICE}, "volumes": {str: {"driver": str, "driver_opts": {str: str}}}}


def mismatches(value, schema, where):
    """What of a value is not as the schema has it."""
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            yield "%s is no mapping" % where
            return
        for key, inner in value.items():
            if str in schema:
                yield from mismatches(inner, schema[str], "%s.%s" % (where, key))
            elif key not in schema:
                yield "%s has no key %s" % (where, key)
            else:
                yield from mismatches(inner, schema[key], "%s.%s" % (where, key))
    elif isinstance(schema, list):
        if not isinstance(value, list):
            yield "%s is no list" % where
            return
        for number, inner in enumerate(value):
            yield from mismatches(inner, schema[0], "%s[%d]" % (where, number))
    elif not isinstance(value, schema) or (isinstance(value, bool) and schema is not bool):
        yield "%s has the wrong type: %r" % (where, value)


def seconds(policy, key):
    """A time of the policy, in whole seconds; 0 where it is not set."""
    match = re.search(r"^%s\s*=\s*(\d+)s" % key, policy, re.M)
    return int(match.group(1)) if match else 0


def container_faults(container):
    context = container.get("securityContext", {})
    if not (context.get("allowPrivilegeEscalation") is False and context.get("readOnlyRootFilesystem") is True
            and context.get("capabilities", {}).get("drop") == ["ALL"]):
        yield "%s: not confined: no escalation, a read-only root, no capability" % container["name"]
    if "memory" not in container.get("resources", {}).get("limits", {}):
        yield "%s: no limit of memory" % container["name"]


def sidecar_faults(sidecar, policy):
    if sidecar.get("restartPolicy") != "Always":
        yield "verbgate is no sidecar: restartPolicy is not Always"
    ports = {port["name"]: port["containerPort"] for port in sidecar.get("ports", [])}
    for name, path in (("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/healthz")):
        probe = sidecar.get(name, {}).get("httpGet", {})
        if probe.get("path") != path or probe.get("port") != "health":
            yield "%s does not ask %s of the port health" % (name, path)
    for key, port in (("health", "health"), ("bind", "http")):
        if not re.search(r"^%s\s*=\s*0\.0\.0\.0:%s\b" % (key, ports.get(port)), policy, re.M):
            yield "the policy's %s is not the port %s of the container" % (key, port)


def pod_faults(deployment, policy):
    pod = deployment["spec"]["template"]["spec"]
    if deployment["spec"]["selector"]["matchLabels"] != deployment["spec"]["template"]["metadata"]["labels"]:
        yield "the selector does not find the pods"
    context = pod.get("securityContext", {})
    if not (context.get("runAsNonRoot") and context.get("runAsUser") == 65532
            and context.get("seccompProfile") == {"type": "RuntimeDefault"}):
        yield "the pod is not confined: user 65532, seccomp RuntimeDefault"
    containers = pod.get("initContainers", []) + pod["containers"]
    for container in containers:
        yield from container_faults(container)
    volumes = {volume["name"] for volume in pod.get("volumes", [])}
    for mount in (mount for container in containers for mount in container.get("volumeMounts", [])):
        if mount["name"] not in volumes:
            yield "no volume %s" % mount["name"]
    sleep = max([container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
                 for container in pod["containers"]])
    needed = sleep + seconds(policy, "drain-delay") + seconds(policy, "drain-timeout")
    if sleep == 0 or needed >= pod.get("terminationGracePeriodSeconds", 30):
        yield "the application's sleep and the drain, %d s, do not fit the grace period" % needed
    for container in pod.get("initContainers", []):
        if container["name"] == "verbgate":
            yield from sidecar_faults(container, policy)


def load(root, path):
    return yaml.safe_load(lib.read(root, path))


def check_schemas(root):
    """Every file by itself: (path, text of the problem)."""
    docker = pathlib.Path(root, "docker")
    for file in sorted(docker.rglob("*.yaml")):
        path = file.relative_to(root)
        value = load(root, path)
        if file.parent == docker:
            yield from ((path, text) for text in mismatches(value, COMPOSE, "file"))
            continue
        kind = "%s %s" % (value.pop("apiVersion", ""), value.pop("kind", ""))
        if kind not in KINDS:
            yield path, "unknown kind %s" % kind
            continue
        yield from ((path, text) for text in mismatches(value, KINDS[kind], "file"))


def check_resources(root):
    """Every manifest is named by the kustomization of its folder, and exists."""
    for file in sorted(pathlib.Path(root, "docker").rglob("kustomization.yaml")):
        path = file.relative_to(root)
        value = load(root, path)
        named = set(value.get("resources", [])) | {patch["path"] for patch in value.get("patches", [])}
        found = {one.name for one in file.parent.glob("*.yaml")} - {file.name}
        for name in sorted(named ^ found):
            yield path, "%s is named or there, and not both" % name


def check_version(root):
    """The label of the image has the version of the program."""
    labelled = re.search(r"^ARG VERSION=(\S+)", lib.read(root, "docker/Dockerfile"), re.M).group(1)
    version = re.search(r"^project\(verbgate VERSION (\S+)", lib.read(root, "CMakeLists.txt"), re.M).group(1)
    if labelled != version:
        yield "docker/Dockerfile", "ARG VERSION is %s, and the program's version %s" % (labelled, version)


def check(root):
    problems = [lib.Problem(str(path), 1, text)
                for path, text in [*check_schemas(root), *check_resources(root), *check_version(root)]]
    folder = pathlib.Path("docker", "kubernetes")
    if problems or not pathlib.Path(root, folder, "deployment.yaml").exists():
        return problems
    policy = load(root, folder / "configmap.yaml")["data"]["verbgate.ini"]
    deployment = load(root, folder / "deployment.yaml")
    return [lib.Problem(str(folder / "deployment.yaml"), 1, text) for text in pod_faults(deployment, policy)]


def sample(**changes):
    """The manifests of this tree, with a text of one file replaced."""
    root = pathlib.Path(__file__).resolve().parents[2]
    found = [*sorted((root / "docker").rglob("*.yaml")), root / "docker/Dockerfile", root / "CMakeLists.txt"]
    files = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in found}
    for name, (old, new) in changes.items():
        path = next(path for path in files if pathlib.Path(path).stem == name and "monitoring" not in path)
        assert old in files[path], old
        files[path] = files[path].replace(old, new)
    return files


BAD = [
    ("a key that the API does not have", sample(deployment=("periodSeconds: 1\n", "periodSecond: 1\n")),
     "has no key periodSecond"),
    ("a number that is a text", sample(deployment=("replicas: 2", 'replicas: "2"')), "wrong type"),
    ("a key that Compose does not have", sample(compose=("read_only: true", "readonly: true")), "has no key readonly"),
    ("a kind that nobody knows", sample(service=("kind: Service", "kind: Servise")), "unknown kind"),
    ("a manifest that nobody applies", sample(kustomization=("  - service.yaml\n", "")), "service.yaml is named or there"),
    ("a selector that finds nothing", sample(deployment=("    matchLabels:\n      app.kubernetes.io/name: reports",
                                                         "    matchLabels:\n      app.kubernetes.io/name: other")),
     "does not find the pods"),
    ("a root that may be written to", sample(deployment=("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false")),
     "not confined"),
    ("a probe of what is on loopback", sample(deployment=("port: health", "port: 9901")), "of the port health"),
    ("a health listener that no kubelet reaches", sample(configmap=("0.0.0.0:8081", "127.0.0.1:8081")),
     "the policy's health is not the port"),
    ("waits that exceed the grace period", sample(configmap=("drain-timeout = 10s", "drain-timeout = 25s")),
     "do not fit the grace period"),
    ("a label with an old version", sample(Dockerfile=("ARG VERSION=", "ARG VERSION=9.")), "ARG VERSION is 9."),
    ("a volume that is not there", sample(deployment=("- name: policy\n              mountPath",
                                                      "- name: other\n              mountPath")), "no volume other"),
]

if __name__ == "__main__":
    lib.main(check, BAD, sample())
