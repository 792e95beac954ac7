"""What Kubeflow and Argo add to every pod: a sidecar that stores logs, retries, and MLflow's variables."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from biasgate.kubeflow.doctor.checks.pipelines import API_SERVER
from biasgate.kubeflow.doctor.finding import Finding, note, ok, unknown, wrong
from biasgate.kubeflow.doctor.site import Site

REPOSITORIES = "artifact-repositories"
CHOSEN = "workflows.argoproj.io/default-artifact-repository"
CONTROLLER = "workflow-controller-configmap"
PATCH = "COMPILED_PIPELINE_SPEC_PATCH"
ALWAYS = '{"templateDefaults": {"retryStrategy": {"limit": "2", "retryPolicy": "Always"}}}'
OURS = {"MLFLOW_TRACKING_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID"}
"""Variables that Kubeflow's MLflow plugin sets, too."""


def argos_sidecar(site: Site) -> Iterator[Finding]:
    """The secret of the store that Argo's sidecar keeps logs in is there: without it no pod starts."""
    where, repository = _artifact_repository(site)
    if repository is None:
        yield unknown("no artifact repository is configured", where)
    elif not repository.get("archiveLogs"):
        yield ok("stores no logs", where)
    else:
        credentials = repository.get("s3", {})
        names = {credentials.get(key, {}).get("name") for key in ("accessKeySecret", "secretKeySecret")} - {None}
        missing = [n for n in sorted(names) if site.objects.get("secrets", n, namespace=site.namespace) is None]
        for name in missing:
            fix = f"kubectl -n {site.namespace} apply -f manifests/base/runs/artifact-repositories.yaml"
            yield wrong(f"stores logs with the secret {name}, which is not here: every pod would wait", where, fix=fix)
        if not missing:
            yield ok(f"stores logs at {credentials.get('endpoint', 'its default')}", where)


def _artifact_repository(site: Site) -> tuple[str, Mapping[str, Any] | None]:
    """Where the repository of a run in this namespace is configured, and what it says."""
    own = site.objects.get("configmaps", REPOSITORIES, namespace=site.namespace)
    if own and (chosen := own["metadata"].get("annotations", {}).get(CHOSEN)) in own.get("data", {}):
        return f"ConfigMap {site.namespace}/{REPOSITORIES}", yaml.safe_load(own["data"][chosen])
    controller = site.objects.get("configmaps", CONTROLLER, namespace=site.kubeflow)
    text = (controller or {}).get("data", {}).get("artifactRepository")
    return f"ConfigMap {site.kubeflow}/{CONTROLLER}", yaml.safe_load(text) if text else None


def retries(site: Site) -> Iterator[Finding]:
    """What the platform makes again: pods that were deleted, or steps that failed as well."""
    where = f"Deployment {site.kubeflow}/{API_SERVER}"
    patch = json.loads(_environment(site).get(PATCH) or "{}")
    policy = patch.get("templateDefaults", {}).get("retryStrategy", {}).get("retryPolicy", "OnError")
    if policy in ("Always", "OnFailure"):
        yield ok(f"failed steps are tried again ({policy})", where)
    else:
        fix = f"kubectl -n {site.kubeflow} set env deployment/{API_SERVER} {PATCH}='{ALWAYS}'"
        yield note(f"pods that are deleted are made again, steps that fail are not ({policy})", where, fix=fix)


def mlflow_plugin(site: Site) -> Iterator[Finding]:
    """Kubeflow's MLflow plugin does not set the variables that our secrets set: Kubernetes refuses such a pod."""
    ours = {key for keys in site.settings.secrets.values() for key in keys} & OURS
    for where, plugin in _plugins(site):
        if plugin.get("settings", {}).get("injectUserEnvVars") and ours:
            said = f"sets {', '.join(sorted(ours))}, and so does a secret of the settings: every pod would be refused"
            yield wrong(said, where, fix="set injectUserEnvVars to false there, or drop them from the settings")
            return
    yield ok("sets no variable of ours", "MLflow plugin of Kubeflow")


def _plugins(site: Site) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The plugin's configurations: the API server's, and the namespace's."""
    mounted = [
        (site.kubeflow, volume["configMap"]["name"])
        for volume in _api_server(site).get("volumes", [])
        if "configMap" in volume
    ]
    for namespace, name in [*mounted, (site.namespace, "kfp-launcher")]:
        data = (site.objects.get("configmaps", name, namespace=namespace) or {}).get("data", {})
        for key, text in data.items():
            read = _mapping(text)
            for plugin in (read.get("plugins", {}).get("mlflow"), read if "mlflow" in key else None):
                if isinstance(plugin, Mapping):
                    yield f"ConfigMap {namespace}/{name}", plugin


def _mapping(text: str) -> Mapping[str, Any]:
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError:
        return {}
    return read if isinstance(read, Mapping) else {}


def _environment(site: Site) -> dict[str, str]:
    containers = _api_server(site).get("containers", [{}])
    return {one["name"]: one.get("value", "") for one in containers[0].get("env", [])}


def _api_server(site: Site) -> dict[str, Any]:
    found = site.objects.get("apps/v1/deployments", API_SERVER, namespace=site.kubeflow)
    return found["spec"]["template"]["spec"] if found else {}
