"""Whether the secrets and config maps that tasks mount are there, with the keys that they read."""

from collections.abc import Iterator

from biasgate.kubeflow.doctor.finding import Finding, note, ok, wrong
from biasgate.kubeflow.doctor.site import Site

APPLY = "kubectl apply -f secrets.yaml"
ROLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_DEFAULT_REGION")
"""What a role of the account may stand for."""


def secrets(site: Site) -> Iterator[Finding]:
    """Each secret of the settings has its keys."""
    for name, keys in site.settings.required.items():
        where = f"Secret {site.namespace}/{name}"
        found = site.objects.get("secrets", name, namespace=site.namespace)
        held = {key for key, value in (found or {}).get("data", {}).items() if value}
        missing = [key for key in keys if key not in held]
        needed = [key for key in missing if key not in ROLES]
        if needed:
            said = "there is none" if found is None else f"no {', '.join(needed)}"
            yield wrong(said, where, fix=f"{APPLY} (from manifests/secrets.template.yaml)")
        elif missing:
            yield note(f"no {', '.join(missing)}: the account's role must stand for them", where)
        else:
            yield ok("complete", where)


def config_maps(site: Site) -> Iterator[Finding]:
    """The trusted keys, without which no task starts, and where the log lies."""
    trusted = site.settings.trusted_keys
    where = f"ConfigMap {site.namespace}/{trusted}"
    found = site.objects.get("configmaps", trusted, namespace=site.namespace)
    keys = [name for name in (found or {}).get("data", {}) if name.endswith(".pem")]
    if found is None:
        fix = f"kubectl -n {site.namespace} create configmap {trusted} --from-file trusted/"
        yield wrong("there is none: every task would wait for it", where, fix=fix)
    elif not keys or "keys.yaml" not in found["data"]:
        fix = f"kubectl -n {site.namespace} create configmap {trusted} --from-file trusted/ --dry-run=client -o yaml"
        yield wrong("no key, or no keys.yaml that says who may sign what", where, fix=f"{fix} | kubectl apply -f -")
    else:
        yield ok(f"{len(keys)} keys", where)
    for name, variables in site.settings.environment.items():
        where = f"ConfigMap {site.namespace}/{name}"
        data = (site.objects.get("configmaps", name, namespace=site.namespace) or {}).get("data", {})
        if missing := [variable for variable in variables if not data.get(variable)]:
            yield wrong(f"no {', '.join(missing)}", where, fix="kubectl apply -k <your overlay>")
        else:
            yield ok(", ".join(str(data[variable]) for variable in variables), where)
