"""A pod like a task's, that looks around from where tasks will run, tells what it found, and goes."""

import json
import secrets
import time
from collections.abc import Iterator
from typing import Any

from biasgate.errors import ServiceError
from biasgate.kubeflow.doctor.finding import Finding, wrong
from biasgate.kubeflow.doctor.site import Forbidden, Site
from biasgate.kubeflow.image import USER
from biasgate.kubeflow.settings import TRUSTED_FOLDER

LABELS = {"app.kubernetes.io/name": "biasgate-doctor"}
SECONDS = 60
"""After which something that waits is told: what a run would wait for without end."""


def probe(site: Site, *, seconds: int = SECONDS) -> list[tuple[str, Finding]]:
    """Starts the pod, and gives what it found or why it did not start.

    Raises:
        ServiceError: Kubernetes is out of reach.
    """
    name = f"biasgate-doctor-{secrets.token_hex(4)}"
    where = f"Pod {site.namespace}/{name}"
    try:
        site.objects.create("pods", pod(site, name), namespace=site.namespace)
    except (Forbidden, ServiceError) as refused:
        fix = "the reason names the quota, the pod security or the right that is missing"
        return [("a pod like a task's", wrong(f"is refused: {refused}", where, fix=fix))]
    try:
        return _outcome(site, name, deadline=time.monotonic() + seconds, where=where)
    finally:
        site.objects.delete("pods", name, namespace=site.namespace)


def _outcome(site: Site, name: str, *, deadline: float, where: str) -> list[tuple[str, Finding]]:
    while time.monotonic() < deadline:
        found = site.objects.get("pods", name, namespace=site.namespace) or {"status": {}}
        if found["status"].get("phase") in ("Succeeded", "Failed"):
            return list(_told(site.objects.text("pods", f"{name}/log", namespace=site.namespace), where))
        time.sleep(1)
    said = "; ".join(_waits_for(site, name)) or "no reason is given"
    fix = f"kubectl -n {site.namespace} get events"
    return [("a pod like a task's", wrong(f"does not run: {said}", where, fix=fix))]


def _told(log: str, where: str) -> Iterator[tuple[str, Finding]]:
    try:
        rows = json.loads(log)["findings"]
    except (ValueError, KeyError, TypeError):
        last = (log.strip().splitlines() or ["it said nothing"])[-1]
        yield "a pod like a task's", wrong(last, where, fix="check that the image is this version of biasgate")
        return
    for row in rows:
        yield row["check"], Finding(row["state"], row["found"], row["where"], row["fix"])


def _waits_for(site: Site, name: str) -> Iterator[str]:
    """Why a pod does not start, as the newest events about it say."""
    events = site.objects.listed("events", namespace=site.namespace)
    about = [one for one in events if one["involvedObject"].get("name") == name and one.get("type") == "Warning"]
    for event in about[-2:]:
        yield f"{event['reason']}: {event['message']}"


def pod(site: Site, name: str) -> dict[str, Any]:
    """The pod: account, image, resources, place, mounts and restrictions of a light task that signs."""
    light = site.settings.tasks.light
    container = {
        "name": "doctor",
        "image": site.image,
        "args": ["kfp", "doctor", "--inside", "--json"],
        "env": [{"name": "BIASGATE_KUBEFLOW_NAMESPACE", "value": site.kubeflow}, *_variables(site)],
        "resources": {
            "requests": {"cpu": light.cpu.request, "memory": light.memory.request},
            "limits": {"cpu": light.cpu.limit, "memory": light.memory.limit},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [
            {"name": "tmp", "mountPath": "/tmp"},
            {"name": "trusted", "mountPath": TRUSTED_FOLDER, "readOnly": True},
        ],
    }
    spec = {
        "serviceAccountName": site.account,
        "automountServiceAccountToken": False,
        "restartPolicy": "Never",
        "activeDeadlineSeconds": 10 * SECONDS,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [container],
        "nodeSelector": light.nodes,
        "tolerations": [one.model_dump(exclude_none=True) for one in light.tolerations],
        "imagePullSecrets": [{"name": name} for name in site.settings.pods.pull_secrets],
        "volumes": [
            {"name": "tmp", "emptyDir": {"sizeLimit": light.scratch}},
            {"name": "trusted", "configMap": {"name": site.settings.trusted_keys}},
        ],
    }
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "labels": LABELS}, "spec": spec}


def _variables(site: Site) -> Iterator[dict[str, Any]]:
    sources = (
        ("secretKeyRef", site.settings.required),
        ("configMapKeyRef", site.settings.environment),
    )
    for reference, objects in sources:
        for name, keys in objects.items():
            for key in keys:
                yield {"name": key, "valueFrom": {reference: {"name": name, "key": key, "optional": True}}}
