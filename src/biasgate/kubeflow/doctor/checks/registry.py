"""Whether MLflow's pages open under every name that its server answers to."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from biasgate.kubeflow.doctor.finding import Finding, ok, wrong
from biasgate.kubeflow.doctor.site import REGISTRY, Site

HOSTS, ORIGINS = "MLFLOW_SERVER_ALLOWED_HOSTS", "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS"


def mlflows_pages(site: Site) -> Iterator[Finding]:
    """A page calls its server from an origin: each host that is allowed has one that is."""
    server = site.objects.get("apps/v1/deployments", "mlflow", namespace=REGISTRY)
    if server is None:
        yield ok("MLflow is not in this cluster's hands", f"Namespace {REGISTRY}")
        return
    (container, *_) = server["spec"]["template"]["spec"]["containers"]
    for name in [one["configMapRef"]["name"] for one in container.get("envFrom", []) if "configMapRef" in one]:
        data = (site.objects.get("configmaps", name, namespace=REGISTRY) or {}).get("data", {})
        origins = {urlsplit(origin).hostname for origin in data.get(ORIGINS, "").split(",")}
        shut = sorted({host.partition(":")[0] for host in data.get(HOSTS, "").split(",") if host} - origins)
        where = f"ConfigMap {REGISTRY}/{name}"
        if shut:
            fix = f"add http(s)://{shut[0]} to {ORIGINS} in your overlay, and apply it"
            yield wrong(
                f"pages opened as {', '.join(shut)} fail: the host is allowed, its origin is not", where, fix=fix
            )
        else:
            yield ok("open under every name that is allowed", where)
