"""The index of a trained shard of a zoo: what lies where, and what trained it."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from biasgate.detection.zoo.plan import ZooPlan
from biasgate.storage.shards import Shard, ShardFile, read_file
from biasgate.training.versions import Versions

if TYPE_CHECKING:
    import pandas as pd


class ZooFile(ShardFile):
    """A file of a group of models.

    Attributes:
        models: Models in it.
    """

    models: int


class ShardIndex(Shard):
    """A finished shard.

    Attributes:
        plan: The plan that the shard is a part of.
        models: Models in the shard.
        weights: One safetensors file a group; tensors ``<architecture>/<parameter>``, models stacked on the first axis.
        tables: One parquet file a group, a row a model, in the order of the weights.
        versions: What trained it.
    """

    schema_: Literal["biasgate/zoo-shard/v1"] = Field(default="biasgate/zoo-shard/v1", alias="schema")
    plan: ZooPlan
    models: int
    weights: tuple[ZooFile, ...]
    tables: tuple[ZooFile, ...]
    versions: Versions


def read_table(index: ShardIndex) -> pd.DataFrame:
    """One row a model of the shard, by id."""
    import pandas as pd

    return pd.concat([pd.read_parquet(io.BytesIO(read_file(index, f))) for f in index.tables], ignore_index=True)
