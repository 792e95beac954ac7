"""All checks in turn; one that may not look says so, and the others go on."""

from collections.abc import Callable, Iterator
from typing import Any

from biasgate.kubeflow.doctor.checks import CHECKS
from biasgate.kubeflow.doctor.finding import Check, Finding, unknown
from biasgate.kubeflow.doctor.site import Forbidden, Site

SCHEMA = "biasgate/doctor/v1"


def diagnose(site: Site) -> list[tuple[str, Finding]]:
    """What every check found, under its name.

    Raises:
        ServiceError: Kubernetes is out of reach.
    """
    return [(named(check), finding) for check in CHECKS for finding in _looked(check, site)]


def named(check: Callable[..., Iterator[Finding]]) -> str:
    """What people call a check."""
    return getattr(check, "__name__", "check").replace("_", " ")


def _looked(check: Check, site: Site) -> Iterator[Finding]:
    try:
        yield from check(site)
    except Forbidden as refused:
        fix = "ask as somebody who may, or run it inside (`--inside`)"
        yield unknown(f"this account may not read {refused}", f"Namespace {site.namespace}", fix=fix)


def document(found: list[tuple[str, Finding]]) -> dict[str, Any]:
    """The findings as JSON."""
    rows = [
        {"check": name, "state": one.state, "found": one.found, "where": one.where, "fix": one.fix}
        for name, one in found
    ]
    return {"schema": SCHEMA, "findings": rows}
