"""Whether the nodes and the quota have room for what the settings ask for, and the image can be had."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from biasgate.kubeflow.doctor.finding import Finding, note, ok, wrong
from biasgate.kubeflow.doctor.site import Site
from biasgate.kubeflow.settings import Kind

SMALLER = "biasgate kfp submit --settings manifests/overlays/kind/settings.yaml …"


def nodes(site: Site) -> Iterator[Finding]:
    """For each kind of task there is a node that its pod fits on when nothing else runs."""
    every = site.objects.listed("nodes")
    for name, kind in (("light", site.settings.tasks.light), ("train", site.settings.tasks.train)):
        where = f"settings tasks.{name}"
        eligible = [node for node in every if _may_run_on(kind, node)]
        short = [_too_small(kind, node) for node in eligible]
        if not eligible:
            yield wrong("no node has the labels, or every one has a taint that is not tolerated", where, fix=SMALLER)
        elif all(short):
            asked, largest = min(short, key=len)[0]
            yield wrong(f"asks for {asked}, and no node has more than {largest}", where, fix=SMALLER)
        else:
            yield ok(f"fits on {short.count([])} of {len(every)} nodes", where)


def _may_run_on(kind: Kind, node: Mapping[str, Any]) -> bool:
    labels, spec = node["metadata"].get("labels", {}), node.get("spec", {})
    taints = [one for one in spec.get("taints", []) if one["effect"] != "PreferNoSchedule"]
    tolerated = {one.key for one in kind.tolerations}
    wanted = kind.nodes.items() <= labels.items()
    return wanted and not spec.get("unschedulable") and all(one["key"] in tolerated for one in taints)


def _too_small(kind: Kind, node: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a node lacks, as what is asked for and what it has."""
    asked = {"cpu": kind.cpu.request, "memory": kind.memory.request}
    if kind.gpu:
        asked[kind.gpu.resource] = str(kind.gpu.count)
    has = node["status"]["allocatable"]
    return [
        (f"{what} {amount}", f"{has.get(what, '0')}")
        for what, amount in asked.items()
        if _amount(amount) > _amount(has.get(what, "0"))
    ]


def quota(site: Site) -> Iterator[Finding]:
    """No quota of the namespace is too small for a single pod."""
    where = f"Namespace {site.namespace}"
    short: list[Finding] = []
    for item in site.objects.listed("resourcequotas", namespace=site.namespace):
        hard = item["spec"].get("hard", {})
        for name, kind in (("light", site.settings.tasks.light), ("train", site.settings.tasks.train)):
            for what, amount in _counted(kind).items():
                if what in hard and _amount(amount) > _amount(hard[what]):
                    fix = f"kubectl -n {site.namespace} edit resourcequota {item['metadata']['name']}"
                    said = f"tasks.{name} asks for {what} {amount}, of {hard[what]} in all"
                    short.append(wrong(said, f"ResourceQuota {site.namespace}/{item['metadata']['name']}", fix=fix))
    yield from short or [ok("has room for each task", where)]


def _counted(kind: Kind) -> dict[str, str]:
    counted = {
        "requests.cpu": kind.cpu.request,
        "limits.cpu": kind.cpu.limit,
        "requests.memory": kind.memory.request,
        "limits.memory": kind.memory.limit,
    }
    return counted | ({f"requests.{kind.gpu.resource}": str(kind.gpu.count)} if kind.gpu else {})


def image(site: Site) -> Iterator[Finding]:
    """It is named by its digest, and a node has it or can pull it."""
    if site.image is None:
        fix = "export BIASGATE_IMAGE=<registry>/biasgate@sha256:…"
        yield wrong("not named by its digest", "BIASGATE_IMAGE", fix=fix)
        return
    held = [one for node in site.objects.listed("nodes") for one in node["status"].get("images", [])]
    if any(site.image in (one.get("names") or []) for one in held):
        yield ok("on a node", site.image)
    else:
        yield note("on no node yet: the first pod pulls it", site.image)
    for secret in site.settings.pods.pull_secrets:
        if site.objects.get("secrets", secret, namespace=site.namespace) is None:
            fix = f"kubectl -n {site.namespace} create secret docker-registry {secret} …"
            yield wrong("there is none, and images are pulled with it", f"Secret {site.namespace}/{secret}", fix=fix)


def _amount(text: str) -> Decimal:
    from kubernetes.utils.quantity import parse_quantity

    return parse_quantity(text)
