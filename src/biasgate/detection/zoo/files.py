"""Where specs come from and plans go."""

from __future__ import annotations

from importlib.resources import files

from biasgate.detection.zoo.plan import ZooPlan
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.documents import digest
from biasgate.storage import store
from biasgate.storage.sources import LIMIT, read_document, ready_names

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


def write_plan(plan: ZooPlan, *, root: str) -> str:
    """Publishes a plan beside its shards.

    Returns:
        Its URI.
    """
    uri = store.join(root, digest(plan).removeprefix("sha256:")[:16], "plan.json")
    store.write_bytes(uri, plan.to_json())
    return uri


def read_plan(uri: str) -> ZooPlan:
    """The plan that ``write_plan`` published.

    Raises:
        InputError: There is none, or it is no plan.
    """
    return ZooPlan.parse(store.read_bytes(uri, limit=LIMIT), where=uri)
