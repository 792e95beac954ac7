"""The feature table: one row a model of a zoo, with its features and what the negative controls look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.features.class_template import class_template
from biasgate.detection.features.invariant import INVARIANT_GROUPS, invariant_features
from biasgate.detection.features.layout import by_role, layout
from biasgate.detection.features.named import group_of
from biasgate.detection.features.signed_colour import SIGNED_GROUPS, features_with_signed_colour
from biasgate.detection.zoo.index import ShardIndex, read_table
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.named_tensors import declared_layers
from biasgate.models.weights import Weights
from biasgate.models.wiring import wiring_of
from biasgate.progress import track
from biasgate.storage.shards import read_file

if TYPE_CHECKING:
    import pandas as pd

State = dict[str, NDArray[np.float32]]

INITIAL = "initial."
RAW = "raw."
RAW_DIMENSIONS = 128
KNOWN = (*INVARIANT_GROUPS, *SIGNED_GROUPS)


def feature_table(index: ShardIndex) -> pd.DataFrame:
    """Features of each model of a shard, read group by group so that one group is in memory at a time.

    Columns: those of the shard's table; one a feature (``path.chroma``, …), signed colour features too where
    the planting is ``group``; the class template (``template.0.0.0``, …); the features of the model's initial weights
    (``initial.path.chroma``, …); ``raw.0`` …, a random projection of the raw weights; and ``layout``, the layer shapes
    in words. A model whose training diverged has no features and no row.
    """
    import pandas as pd

    planned = {model.id: model for model in index.plan.models}
    rows = read_table(index)
    states = track(read_states(index, rows), f"features of shard {index.shard}", total=index.models, unit="models")
    read = [_row(state, planned[id_], index.plan.spec) for id_, state in zip(rows["id"], states, strict=True)]
    whole = np.array([row is not None for row in read])
    return pd.concat([rows[whole].reset_index(drop=True), pd.DataFrame([row for row in read if row])], axis=1)


def feature_names(table: pd.DataFrame, groups: tuple[str, ...] = INVARIANT_GROUPS) -> list[str]:
    """The columns of a feature table that hold features of some groups, in order."""
    return [name for name in table.columns if group_of(name) in groups]


def comparable(table: pd.DataFrame) -> pd.DataFrame:
    """A feature table in which every model has every feature: by layer role when the models' layouts differ."""
    import pandas as pd

    if len(set(table["layout"])) < 2:
        return table
    numbered = feature_names(table, KNOWN)
    prefixes = [prefix for prefix in ("", INITIAL) if prefix + numbered[0] in table.columns]
    columns = [prefix + name for prefix in prefixes for name in numbered]
    values = table[columns].to_numpy(dtype=np.float64).tolist()
    rows = [_by_role(dict(zip(columns, row, strict=True)), prefixes) for row in values]
    others = table.drop(columns=columns)
    return pd.concat([others, pd.DataFrame(rows, index=table.index)], axis=1)


def _by_role(row: dict[str, float], prefixes: list[str]) -> dict[str, float]:
    """A row's features by role, and those of its initial weights; what the model has no layer for is not a number."""
    found: dict[str, float] = {}
    for prefix in prefixes:
        own = {n.removeprefix(prefix): v for n, v in row.items() if (group_of(n) in KNOWN) == (not prefix) and v == v}
        found |= {prefix + name: value for name, value in by_role(own).items()}
    return found


def read_states(index: ShardIndex, rows: pd.DataFrame) -> Iterator[State]:
    """Each model's own tensors by name, in the order of the shard's rows; a file is in memory at a time."""
    from safetensors.numpy import load

    start = 0
    for file in index.weights:
        stacks = load(read_file(index, file))
        seen: Counter[str] = Counter()
        for architecture in rows["architecture"].iloc[start : start + file.models]:
            prefix, place = f"{architecture}/", seen[architecture]
            yield {name.removeprefix(prefix): s[place] for name, s in stacks.items() if name.startswith(prefix)}
            seen[architecture] += 1
        start += file.models


def _row(state: State, planned: PlannedModel, spec: ZooSpec) -> dict[str, float | str] | None:
    """None of a model whose training diverged."""
    from biasgate.detection.zoo.engine import initial_network, parameters_of

    describe = features_with_signed_colour if spec.planting == "group" else invariant_features
    architecture = spec.architectures[planned.architecture]
    try:
        weights = weights_of(state, architecture)
        named = {**describe(weights), **class_template(weights)}
    except CandidateError:
        return None
    initial = weights_of(parameters_of(initial_network(planned, spec)), architecture)
    raw = _project(np.concatenate([layer.weight.ravel() for layer in weights.layers]))
    return {
        **named,
        **{f"{INITIAL}{name}": value for name, value in describe(initial).items()},
        **{f"{RAW}{place}": float(value) for place, value in enumerate(raw)},
        "layout": layout(weights),
    }


def weights_of(state: State, architecture: Architecture) -> Weights:
    """The weights of a declared network, which its own names and the declaration tell.

    Raises:
        CandidateError: Some are NaN or infinite.
    """
    return Weights(declared_layers(state, where=architecture.name), digest="", wiring=wiring_of(architecture))


def _project(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """A random projection that keeps distances to about a tenth (Johnson and Lindenstrauss 1984)."""
    return _directions(len(values)) @ values / np.sqrt(RAW_DIMENSIONS)


@lru_cache(maxsize=8)
def _directions(size: int) -> NDArray[np.float32]:
    return np.random.default_rng(size).standard_normal((RAW_DIMENSIONS, size), dtype=np.float32)
