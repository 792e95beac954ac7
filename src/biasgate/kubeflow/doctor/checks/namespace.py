"""Whether the namespace of runs, the account of runs, and Kubeflow's own objects are as they must be."""

from collections.abc import Iterator

from biasgate.kubeflow.doctor.finding import Finding, note, ok, wrong
from biasgate.kubeflow.doctor.site import Site

LEVEL = "pod-security.kubernetes.io/enforce"
PART_OF = "app.kubernetes.io/part-of"
PROFILE = "kubeflow-profile"


def namespace(site: Site) -> Iterator[Finding]:
    """It exists, its pod security admits Kubeflow's pods, and a profile's label is Kubeflow's."""
    where = f"Namespace {site.namespace}"
    found = site.objects.get("namespaces", site.namespace)
    if found is None:
        yield wrong("there is none", where, fix="kubectl apply -k manifests/namespaces")
        return
    labels = found["metadata"].get("labels", {})
    level = labels.get(LEVEL, "privileged")
    if level == "restricted" and not _runs_as_nobody(site):
        change = '{"data": {"defaultSecurityContextRunAsNonRoot": "true"}}'
        fix = f"kubectl -n {site.kubeflow} patch configmap pipeline-install-config --type merge -p '{change}'"
        yield wrong("restricted pod security refuses Kubeflow's pods, which do not say runAsNonRoot", where, fix=fix)
    else:
        yield ok(f"pod security {level}", where)
    if _is_profile(found) and labels.get(PART_OF) != PROFILE:
        fix = f"kubectl label namespace {site.namespace} {PART_OF}={PROFILE} --overwrite"
        yield wrong(f"a profile whose label {PART_OF} is {labels.get(PART_OF)}", where, fix=fix)


def _runs_as_nobody(site: Site) -> bool:
    install = site.objects.get("configmaps", "pipeline-install-config", namespace=site.kubeflow)
    return bool(install) and install.get("data", {}).get("defaultSecurityContextRunAsNonRoot") == "true"


def _is_profile(found: dict[str, dict[str, dict[str, str]]]) -> bool:
    metadata = found["metadata"]
    return "owner" in metadata.get("annotations", {}) or any(
        label.startswith("pipelines.kubeflow.org/") for label in metadata.get("labels", {})
    )


def account(site: Site) -> Iterator[Finding]:
    """It may do what Kubeflow's launcher and Argo's sidecar do for it, and cannot start a pod."""
    where = f"ServiceAccount {site.namespace}/{site.account}"
    if site.objects.get("serviceaccounts", site.account, namespace=site.namespace) is None:
        yield wrong("there is none", where, fix="kubectl apply -k <your overlay>")
        return
    user = f"system:serviceaccount:{site.namespace}:{site.account}"
    home = {"namespace": site.namespace}
    needed = {
        "create workflowtaskresults": {"verb": "create", "group": "argoproj.io", "resource": "workflowtaskresults"},
        "get configmaps/kfp-launcher": {"verb": "get", "resource": "configmaps", "name": "kfp-launcher"},
        "list pods": {"verb": "list", "resource": "pods"},
    }
    missing = [what for what, right in needed.items() if not site.objects.may(user, **home, **right)]
    for what in missing:
        yield wrong(f"may not {what}", where, fix="kubectl apply -k <your overlay>")
    if site.objects.may(user, **home, verb="create", resource="pods"):
        fix = f"run as biasgate-runner, or take the right from {site.account}"
        yield note("may start pods: what runs as this account can mount every secret of the namespace", where, fix=fix)
    elif not missing:
        yield ok("may do what a run needs, and start no pod", where)


def kubeflows_own_objects(site: Site) -> Iterator[Finding]:
    """The role and the artifact store of every other pipeline are Kubeflow's."""
    own = (
        ("rbac.authorization.k8s.io/v1/roles", "Role", "pipeline-runner"),
        ("configmaps", "ConfigMap", "kfp-launcher"),
    )
    replaced = False
    for kind, name_of_kind, name in own:
        found = site.objects.get(kind, name, namespace=site.kubeflow)
        if found and found["metadata"].get("labels", {}).get(PART_OF) == "biasgate":
            replaced = True
            where = f"{name_of_kind} {site.kubeflow}/{name}"
            fix = "apply Kubeflow Pipelines' own manifests again, then manifests/overlays/standalone"
            yield wrong("replaced by biasgate's: every other pipeline uses it", where, fix=fix)
    if not replaced:
        yield ok("not replaced", f"Namespace {site.kubeflow}")
