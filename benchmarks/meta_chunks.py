"""Zoos that are trained some models at a time: a stopped run keeps the chunks that it finished."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from meta_readers import Models, State
from meta_zoos import plan_of
from safetensors.numpy import load_file, save_file

from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.zoo.engine import parameters_of, stacks
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import Network
from biasgate.models.weights import Weights

Train = Callable[[Sequence[PlannedModel]], Sequence[Network]]
"""Trains models of one split that agree on batch, steps and update rule."""
Measure = Callable[[Network, PlannedModel], dict[str, float]]


def planned_in_order(name: str, root: Path) -> tuple[ZooSpec, list[PlannedModel]]:
    """A zoo's models in an order whose every beginning has about the same share of each split and level.

    All lie exactly on their level, as in the published zoo.
    """
    plan = plan_of(name, root)
    exact = {level.name: level.strength for level in plan.spec.levels}
    order = np.random.default_rng(0).permutation(len(plan.models))
    models = [plan.models[place] for place in order]
    return plan.spec, [model.model_copy(update={"strength": exact[model.level]}) for model in models]


def train_chunk(planned: Sequence[PlannedModel], spec: ZooSpec, file: Path, *, train: Train, measure: Measure) -> None:
    """Trains and measures models and keeps rows and weights in two files of one name."""
    rows: list[dict[str, object]] = []
    states: list[State] = []
    for stack in stacks(planned, spec):
        for model, network in zip(stack, train(stack), strict=True):
            states.append(parameters_of(network))
            rows.append(
                {
                    "id": model.id, "split": model.split, "level": model.level, "strength": model.strength,
                    **measure(network, model),
                    **invariant_features(Weights(layers_of(states[-1], where=spec.name), digest="")),
                }
            )  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    stacked = {name: np.stack([state[name] for state in states]) for name in states[0]}
    save_file(stacked, file.with_suffix(".safetensors"))
    pd.DataFrame(rows).to_parquet(file)


def missing(folder: Path, *, start: int, until: float) -> Path | None:
    """The file of the chunk that begins at this model, where it is to be trained before ``until``."""
    file = folder / f"{start:04}.parquet"
    return file if time.time() < until and not file.exists() else None


def load_chunks(folder: Path, *, most: int | None = None) -> Models:
    """The first ``most`` chunks of a zoo, or all of them."""
    tables: list[pd.DataFrame] = []
    states: list[State] = []
    for file in sorted(folder.glob("*.parquet"))[:most]:
        table, stacked = pd.read_parquet(file), load_file(file.with_suffix(".safetensors"))
        tables.append(table)
        states += [{name: value[place] for name, value in stacked.items()} for place in range(len(table))]
    return Models(pd.concat(tables, ignore_index=True), states)
