"""Whether network policies let runs reach what they need, and Kubeflow's pages the reports."""

from collections.abc import Iterator

from biasgate.kubeflow.doctor.finding import Finding, ok, wrong
from biasgate.kubeflow.doctor.reach import Peer, shut_by
from biasgate.kubeflow.doctor.site import REGISTRY, Site

RUN = {"workflows.argoproj.io/workflow": "any"}
NAME = "app.kubernetes.io/name"


def network_policies(site: Site) -> Iterator[Finding]:
    """Nothing stands between the pods of runs and what they ask; a call that policies deny is dropped, not refused."""
    run = Peer(site.namespace, RUN, _labels(site, site.namespace))
    pages = Peer(site.kubeflow, {"app": "ml-pipeline-ui"}, _labels(site, site.kubeflow))
    paths = [
        ("runs reach Kubeflow Pipelines", run, Peer(site.kubeflow, {"app": "ml-pipeline"}), 8887),
        ("runs reach Kubeflow's metadata", run, Peer(site.kubeflow, {"component": "metadata-grpc-server"}), 8080),
    ]
    if _has(site, "mlflow"):
        paths.append(("runs reach MLflow", run, Peer(REGISTRY, {NAME: "mlflow"}), 5000))
    if _has(site, "s3"):
        paths.append(("runs reach the object store", run, Peer(REGISTRY, {NAME: "s3"}), 8333))
        paths.append(("Kubeflow's pages show reports", pages, Peer(REGISTRY, {NAME: "s3"}), 8333))
    for what, source, target, port in paths:
        where = f"NetworkPolicies {source.namespace} → {target.namespace}:{port}"
        shut = shut_by(site.objects, source, target, port)
        if shut is None:
            yield ok(what, where)
        else:
            fix = "kubectl apply -k <your overlay>, made from the overlay of this kind of Kubeflow"
            yield wrong(f"not so: {what}; the policies of {shut} drop it", where, fix=fix)


def _labels(site: Site, namespace: str) -> dict[str, str]:
    found = site.objects.get("namespaces", namespace)
    return found["metadata"].get("labels", {}) if found else {}


def _has(site: Site, service: str) -> bool:
    return site.objects.get("services", service, namespace=REGISTRY) is not None
