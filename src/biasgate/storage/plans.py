"""Plans of work that is cut into shards: each in a folder named for its digest, with its shards beside it."""

from __future__ import annotations

from typing import TypeVar

from pydantic import Field

from biasgate.documents import Document, digest
from biasgate.errors import InputError
from biasgate.storage.sources import LIMIT
from biasgate.storage.store import join, read_bytes, write_bytes


class Plan(Document):
    """Work that is decided before any of it is done.

    Attributes:
        shards: Parts that are worked on apart from each other.
    """

    shards: int = Field(gt=0, le=4096)


Kind = TypeVar("Kind", bound=Plan)


def write_plan(plan: Plan, *, root: str) -> str:
    """Publishes a plan under ``root``.

    Returns:
        Its URI.
    """
    uri = join(_folder(plan, root), "plan.json")
    write_bytes(uri, plan.to_json())
    return uri


def read_plan(kind: type[Kind], uri: str) -> Kind:
    """The plan that ``write_plan`` published.

    Raises:
        InputError: There is none, or it is no plan of this kind.
    """
    return kind.parse(read_bytes(uri, limit=LIMIT), where=uri)


def shard_uri(plan: Plan, shard: int, *, root: str) -> str:
    """Folder of a shard: a function of root, plan and number, so that a retry finds what is done already.

    Raises:
        InputError: The plan has no such shard.
    """
    if not 0 <= shard < plan.shards:
        raise InputError(f"the plan has shards 0 to {plan.shards - 1}, not {shard}", fix="choose one of these")
    return join(_folder(plan, root), f"shard-{shard:04}")


def _folder(plan: Plan, root: str) -> str:
    return join(root, digest(plan).removeprefix("sha256:")[:16])
