"""Where audit specs come from."""

from __future__ import annotations

from importlib.resources import files

from biasgate.audit.spec import AuditSpec
from biasgate.storage.sources import read_document

SPECS = files("biasgate.audit").joinpath("specs")


def read_spec(source: str) -> AuditSpec:
    """The spec given as text, in a file or URI, or a built-in one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    return read_document(AuditSpec, source, built_in=SPECS)
