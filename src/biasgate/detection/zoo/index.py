"""The index of a trained shard: what lies where, written last, so that its presence means completeness."""

from __future__ import annotations

import io
import platform
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from biasgate.detection.zoo.plan import ZooPlan
from biasgate.documents import Document, digest, sha256
from biasgate.errors import TrustError
from biasgate.storage.store import join, read_bytes

if TYPE_CHECKING:
    import pandas as pd


class ShardFile(Document):
    """A file of a shard.

    Attributes:
        name: Relative to the shard's folder.
        sha256: Digest of its bytes.
        models: Models in it.
    """

    name: str
    sha256: str
    models: int


class Versions(Document):
    """What the bytes of a shard depend on besides the plan."""

    biasgate: str
    torch: str
    numpy: str
    machine: str
    instructions: str
    dtype: str
    threads: int
    device: str = "cpu"


class ShardIndex(Document):
    """A finished shard.

    Attributes:
        plan: The plan that the shard is a part of.
        shard: Which of the plan's shards.
        uri: The shard's folder.
        models: Models in the shard.
        weights: One safetensors file a group; tensors ``<architecture>/<parameter>``, models stacked on the first axis.
        tables: One parquet file a group, a row a model, in the order of the weights.
        versions: What trained it.
    """

    schema_: Literal["biasgate/zoo-shard/v1"] = Field(default="biasgate/zoo-shard/v1", alias="schema")
    plan: ZooPlan
    shard: int
    uri: str
    models: int
    weights: tuple[ShardFile, ...]
    tables: tuple[ShardFile, ...]
    versions: Versions


def shard_uri(plan: ZooPlan, shard: int, *, root: str) -> str:
    """Where a shard lives: a function of root, plan and shard, so that a retry finds what is done already."""
    return join(root, digest(plan).removeprefix("sha256:")[:16], f"shard-{shard:04}")


def versions(*, threads: int, device: str = "cpu") -> Versions:
    """Those of this process: packages, processor, device (a GPU by its name), and what layers are computed in on it."""
    import torch

    from biasgate.training.together import fast_dtype

    used = torch.device(device)
    return Versions(
        biasgate=version("biasgate"),
        torch=version("torch"),
        numpy=version("numpy"),
        machine=platform.machine(),
        instructions=torch.backends.cpu.get_cpu_capability(),
        dtype=str(fast_dtype(used)).removeprefix("torch."),
        threads=threads,
        device=torch.cuda.get_device_name(used) if used.type == "cuda" else used.type,
    )


def read_index(uri: str) -> ShardIndex:
    """The index in a shard's folder.

    Raises:
        InputError: There is none: the shard is not finished.
    """
    where = join(uri, "index.json")
    return ShardIndex.parse(read_bytes(where), where=where)


def read_file(index: ShardIndex, file: ShardFile) -> bytes:
    """A shard's file.

    Raises:
        TrustError: Its bytes are not those that the index names.
    """
    return read_unaltered(join(index.uri, file.name), file.sha256)


def read_unaltered(where: str, named: str) -> bytes:
    """The bytes that a shard's index names by their digest.

    Raises:
        TrustError: They are others.
    """
    data = read_bytes(where)
    if sha256(data) != named:
        raise TrustError("the bytes differ from the shard's index", where=where, fix="train the shard again")
    return data


def read_table(index: ShardIndex) -> pd.DataFrame:
    """One row a model of the shard, by id."""
    import pandas as pd

    return pd.concat([pd.read_parquet(io.BytesIO(read_file(index, f))) for f in index.tables], ignore_index=True)
