"""Where audit specs come from."""

from __future__ import annotations

from importlib.resources import files

from biasgate.audit.spec import AuditSpec
from biasgate.storage import store

LIMIT = 1_000_000
"""Largest spec that is read, in bytes."""


def ready_specs() -> tuple[str, ...]:
    """Names of the audits that come with biasgate."""
    return tuple(sorted(f.name.removesuffix(".yaml") for f in files("biasgate.audit").joinpath("specs").iterdir()))


def read_spec(source: str) -> AuditSpec:
    """The spec in a text of several lines, in a file or URI, or a ready one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    if "\n" in source:
        return AuditSpec.parse(source, where="audit spec")
    if source in ready_specs():
        return AuditSpec.parse(files("biasgate.audit").joinpath("specs", f"{source}.yaml").read_bytes(), where=source)
    return AuditSpec.parse(store.read_bytes(source, limit=LIMIT), where=source)
