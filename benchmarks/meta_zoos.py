"""The zoos of the meta-classifier's benchmark: trained in shards that a stopped run keeps, then read."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from meta_readers import Models, State
from safetensors.numpy import load_file, save_file

from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.data.sources.digits import digits
from biasgate.data.sources.npz import save_npz
from biasgate.detection.features import invariant
from biasgate.detection.features.class_template import class_template
from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.layout import layout
from biasgate.detection.features.table import feature_table, read_states
from biasgate.detection.reader.learned import learned
from biasgate.detection.zoo.index import ShardIndex, read_table
from biasgate.detection.zoo.plan import ZooPlan, plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import ZooSpec, read_spec
from biasgate.models.named_tensors import layers_of
from biasgate.models.weights import Weights
from biasgate.storage.plans import shard_uri
from biasgate.storage.shards import is_finished, read_index

SPECS = Path(__file__).with_name("zoos")
MODELS = 32
"""Models a shard, about: what a stopped run repeats at most."""
SHARDS = {"digits_reader": 48, "adam_share": 16, "clothes_share": 8}
"""Of zoos that are cut finer; the first as ``make reader`` does."""


def spec_of(name: str, root: Path) -> ZooSpec:
    """A benchmark zoo's spec, or a ready one's; data sets that it needs are made under the root."""
    file = SPECS / f"{name}.yaml"
    spec = read_spec(str(file) if file.exists() else name)
    if not str(spec.dataset).startswith("made:"):
        return spec
    made = str(spec.dataset).removeprefix("made:")
    path = root / "data" / f"{made}.npz"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        save_npz(MADE[made](root), str(path))
    return spec.model_copy(update={"dataset": str(path)})


def _shuffled(whole: Dataset) -> Dataset:
    """The digits with each other's labels."""
    return replace(whole, labels=np.random.default_rng(0).permutation(whole.labels))


def _halved(whole: Dataset) -> Dataset:
    """The digits at 14 pixels, each the mean of four."""
    n, height, width, channels = whole.samples.shape
    fours = whole.samples.reshape(n, height // 2, 2, width // 2, 2, channels)
    return replace(whole, samples=np.round(fours.mean(axis=(2, 4))).astype(np.uint8))


MADE: dict[str, Callable[[Path], Dataset]] = {
    "shuffled": lambda _root: _shuffled(digits()),
    "halved": lambda _root: _halved(digits()),
    "halved_free": lambda root: _halved(open_dataset(str(root / "data" / "digits.npz"))),
}
"""Data sets that are made under the root; the last of the file that ``mnist_digits.py`` writes there."""


def plan_of(name: str, root: Path) -> ZooPlan:
    """The plan of a benchmark zoo; every shard holds the same share of each split."""
    spec = spec_of(name, root)
    total = spec.counts.train + spec.counts.validation + spec.counts.test
    return plan_zoo(spec, shards=SHARDS.get(name, max(1, total // MODELS)))


def finished(plan: ZooPlan, root: Path) -> list[str]:
    """URIs of the shards that are done."""
    uris = [shard_uri(plan, shard, root=str(root)) for shard in range(plan.shards)]
    return [uri for uri in uris if is_finished(uri)]


def load_zoo(name: str, root: Path) -> tuple[ZooPlan, Models]:
    """Plan, feature rows and tensors of a zoo's finished shards; features are kept, under the digest of their code.

    A model whose training diverged is in neither.
    """
    plan = plan_of(name, root)
    tables, states = [], []
    for uri in finished(plan, root):
        index = read_index(ShardIndex, uri)
        kept = Path(uri) / f"features-{_code()}.parquet"
        if not kept.exists():
            feature_table(index).to_parquet(kept)
        features, rows = pd.read_parquet(kept), read_table(index)
        trained = zip(rows["id"].isin(features["id"]), read_states(index, rows), strict=True)
        tables.append(features)
        states += [state for whole, state in trained if whole]
    whole = pd.concat(tables, ignore_index=True).copy()  # in one piece: shards without some column leave it in pieces
    return plan, Models(whole, states)


@cache
def learned_models(name: str, root: Path) -> tuple[ZooPlan, Models]:
    """A zoo's models that learned their task, read once."""
    plan, models = load_zoo(name, root)
    return plan, models.where(models.table.index.isin(learned(models.table).index))


def of_split(models: Models, name: str) -> Models:
    """The models of one split."""
    return models.where((models.table["split"] == name).to_numpy())


def described(table: pd.DataFrame, states: list[State]) -> Models:
    """Changed models: the rows given, with features read anew."""
    read = []
    for state in states:
        weights = Weights(layers_of(state, where="changed"), digest="")
        read.append({**invariant_features(weights), **class_template(weights), "layout": layout(weights)})
    fresh = pd.DataFrame(read, index=table.index)
    return Models(table.assign(**{name: fresh[name] for name in fresh.columns}), states)


def keep(models: Models, path: Path) -> None:
    """Saves changed models, so that an interrupted run goes on."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({f"{i}/{k}": np.ascontiguousarray(v) for i, s in enumerate(models.states) for k, v in s.items()}, path)
    models.table.to_parquet(path.with_suffix(".parquet"))


def kept(path: Path) -> Models:
    """What ``keep`` saved, features read anew."""
    table, tensors = pd.read_parquet(path.with_suffix(".parquet")), load_file(path)
    states: list[State] = [{} for _ in range(len(table))]
    for name, value in tensors.items():
        place, _, parameter = name.partition("/")
        states[int(place)][parameter] = value
    return described(table, states)


def _code() -> str:
    sources = sorted(Path(invariant.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]


def train_zoo(name: str, root: Path, *, share: float, worker: tuple[int, int], until: float) -> None:
    """Trains one of several workers' part of the first ``share`` of a zoo's shards, and starts none after ``until``."""
    plan = plan_of(name, root)
    for shard in range(round(share * plan.shards)):
        if shard % worker[1] == worker[0] and time.time() < until:
            train_shard(plan, shard, str(root))
