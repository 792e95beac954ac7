import copy

import pytest

RESTRICTED = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}}
FORBIDDEN_OF_POD = ("hostNetwork", "hostPID", "hostIPC")


def weaknesses(manifests) -> list[str]:
    """What the `restricted` pod security standard, a read-only root and bounded resources would refuse."""
    problems: list[str] = []
    for pod in manifests.pods():
        context = pod.spec.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            problems.append(f"{pod.owner}: may run as root")
        if context.get("seccompProfile") != {"type": "RuntimeDefault"}:
            problems.append(f"{pod.owner}: no seccomp profile")
        if pod.spec.get("automountServiceAccountToken") is not False:
            problems.append(f"{pod.owner}: mounts a token for the Kubernetes API")
        problems += [f"{pod.owner}: {field}" for field in FORBIDDEN_OF_POD if pod.spec.get(field)]
        problems += [f"{pod.owner}: hostPath" for volume in pod.spec.get("volumes", []) if "hostPath" in volume]
        problems += [
            f"{pod.owner}: emptyDir {volume['name']} without a size limit"
            for volume in pod.spec.get("volumes", [])
            if "emptyDir" in volume and "sizeLimit" not in volume["emptyDir"]
        ]
        for container in pod.containers():
            problems += [f"{pod.owner}/{container['name']}: {problem}" for problem in container_weaknesses(container)]
        if pod.long_running:
            problems += [
                f"{pod.owner}/{container['name']}: no {probe}"
                for container in pod.spec["containers"]
                for probe in ("readinessProbe", "livenessProbe")
                if probe not in container
            ]
    return problems


def container_weaknesses(container) -> list[str]:
    problems: list[str] = []
    if container.get("securityContext") != RESTRICTED:
        problems.append("its security context is not the restricted one")
    for kind in ("requests", "limits"):
        named = container.get("resources", {}).get(kind, {})
        problems += [f"no {kind} of {what}" for what in ("cpu", "memory", "ephemeral-storage") if what not in named]
    problems += ["hostPort" for port in container.get("ports", []) if "hostPort" in port]
    return problems


def test_every_pod_is_restricted_probed_and_bounded(overlay):
    assert weaknesses(overlay) == []


def privileged(pod, container):
    container["securityContext"]["privileged"] = True


def with_capability(pod, container):
    container["securityContext"]["capabilities"]["add"] = ["NET_ADMIN"]


def with_writable_root(pod, container):
    container["securityContext"]["readOnlyRootFilesystem"] = False


def without_context(pod, container):
    del container["securityContext"]


def as_root(pod, container):
    pod["securityContext"]["runAsUser"] = 0


def without_seccomp(pod, container):
    del pod["securityContext"]["seccompProfile"]


def with_token(pod, container):
    del pod["automountServiceAccountToken"]


def on_host_network(pod, container):
    pod["hostNetwork"] = True


def with_host_path(pod, container):
    pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})


def with_endless_scratch(pod, container):
    pod["volumes"].append({"name": "scratch", "emptyDir": {}})


def without_memory_limit(pod, container):
    del container["resources"]["limits"]["memory"]


def without_readiness(pod, container):
    del container["readinessProbe"]


def with_unsafe_init_container(pod, container):
    pod["initContainers"] = [{**copy.deepcopy(container), "name": "first", "securityContext": {}}]


@pytest.mark.parametrize(
    ("change", "caught"),
    [
        (privileged, "security context"),
        (with_capability, "security context"),
        (with_writable_root, "security context"),
        (without_context, "security context"),
        (as_root, "may run as root"),
        (without_seccomp, "no seccomp profile"),
        (with_token, "mounts a token"),
        (on_host_network, "hostNetwork"),
        (with_host_path, "hostPath"),
        (with_endless_scratch, "emptyDir scratch"),
        (without_memory_limit, "no limits of memory"),
        (without_readiness, "no readinessProbe"),
        (with_unsafe_init_container, "mlflow/first: its security context"),
    ],
)
def test_a_weakened_pod_is_caught(complete, change, caught):
    pod = complete.get("Deployment", "mlflow")["spec"]["template"]["spec"]
    change(pod, pod["containers"][0])
    (problem,) = weaknesses(complete)
    assert caught in problem


def test_namespaces_enforce_pod_security(overlay):
    levels = {
        item["metadata"]["name"]: item["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for item in overlay.of("Namespace")
    }
    assert {name for name, level in levels.items() if level != "restricted"} <= {"biasgate-runs"}
    assert levels.get("biasgate-runs", "baseline") == "baseline"
