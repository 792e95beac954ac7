"""Where zoo specs come from."""

from __future__ import annotations

from importlib.resources import files

from biasgate.detection.zoo.spec import ZooSpec
from biasgate.storage.sources import read_document, ready_names

SPECS = files("biasgate.detection.zoo").joinpath("specs")


def ready_specs() -> tuple[str, ...]:
    """Names of the zoos that come with biasgate."""
    return ready_names(SPECS)


def read_spec(source: str) -> ZooSpec:
    """The spec in a text of several lines, in a file or URI, or a ready one by its name.

    Raises:
        InputError: It cannot be read, or a key or value is not what the schema says.
    """
    return read_document(ZooSpec, source, ready=SPECS)
