"""The zoos of the σ² budget: every model kept at several steps, in chunks that a stopped run keeps.

Every model has its own start, palette and images; readers learn from models of one half of the digits and are scored on
models of the other. Where there is one recipe its learning rate is constant, so that a model at 300 steps is the one
that a run of 300 makes.
"""

from __future__ import annotations

import time
from collections import defaultdict
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from meta_readers import Models, State
from meta_shared import learner, measured_bias
from meta_zoos import plan_of
from safetensors.numpy import load_file, save_file

from biasgate.data.source import open_dataset
from biasgate.data.splits import role, split
from biasgate.detection.zoo.engine import parameters_of
from biasgate.detection.zoo.material import Material
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.training.pool import ImagePool
from biasgate.training.together import Learner, train_together

ONE, VARIED = "long_sigma", "long_varied"
CHECKPOINTS = (300, 1000, 2000)
"""Of the zoo of one recipe; models of many recipes are kept as they end."""
CHUNK, LONG = 80, 160
"""Models a chunk, and how many go on to the last checkpoint; the others end at the one before."""
TENSORS = ".safetensors"
Kept = list[tuple[dict[str, object], State]]


def train_sigma(zoo: str, root: Path, *, models: int, worker: tuple[int, int], until: float) -> None:
    """Trains one of several workers' chunks of the first so many models, and starts none after ``until``."""
    if not models:
        return
    plan = plan_of(zoo, root)
    material = halves(plan.spec)
    folder = root / zoo
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, models, CHUNK):
        file = folder / f"{start:05}.parquet"
        if start // CHUNK % worker[1] == worker[0] and time.time() < until and not file.exists():
            _train_chunk(
                planned(zoo, root)[start : start + CHUNK], material, file, checkpoints=_checkpoints(zoo, start)
            )


def planned(zoo: str, root: Path) -> list[PlannedModel]:
    """A zoo's models in an order whose every beginning has about the same share of each split and level."""
    models = plan_of(zoo, root).models
    return [models[place] for place in np.random.default_rng(0).permutation(len(models))]


def halves(spec: ZooSpec) -> Material:
    """The digits in three disjoint parts: to train the models that are learned from, the others, and to measure on."""
    whole = open_dataset(spec.dataset)
    measure = role(whole, "measure")
    learned, read = split(whole.take(~np.isin(whole.clusters, measure.clusters)), share=0.5, seed=0)
    return Material(spec=spec, images={"train": learned, "validation": read, "test": read}, measure=measure)


def _checkpoints(zoo: str, start: int) -> tuple[int, ...]:
    if zoo == VARIED:
        return ()
    return CHECKPOINTS if start < LONG else CHECKPOINTS[:-1]


def _train_chunk(models: list[PlannedModel], material: Material, file: Path, *, checkpoints: tuple[int, ...]) -> None:
    alike: defaultdict[tuple[bool, int], list[PlannedModel]] = defaultdict(list)
    for model in models:
        steps = checkpoints[-1] if checkpoints else model.training.steps
        alike[model.split == "train", steps].append(_until(steps, model))
    kept: Kept = []
    for (_, last), some in alike.items():
        learners = [learner(model, material, shared=False) for model in some]
        pool = ImagePool(material.images[some[0].split].array, device=torch.device("cpu"))
        keep = partial(_keep, kept, some, learners, material)
        train_together(learners, pool, after={steps: partial(keep, steps) for steps in checkpoints or (last,)})
    rows, states = zip(*kept, strict=True)
    save_file({name: np.stack([each[name] for each in states]) for name in states[0]}, file.with_suffix(TENSORS))
    pd.DataFrame(rows).to_parquet(file)


def _until(steps: int, model: PlannedModel) -> PlannedModel:
    return model.model_copy(update={"training": model.training.model_copy(update={"steps": steps})})


def _keep(kept: Kept, models: list[PlannedModel], learners: list[Learner], material: Material, steps: int) -> None:
    for model, one in zip(models, learners, strict=True):
        told = {name: getattr(model, name) for name in ("id", "split", "level", "strength")}
        measured = measured_bias(one.network, model, material)
        kept.append(({**told, "steps": steps, **measured}, parameters_of(one.network)))


def trained(zoo: str, root: Path, *, steps: int | None = None) -> Models:
    """The models that are there, in the order of training; those of one recipe as they were after so many steps."""
    tables, states = [], []
    for file in sorted((root / zoo).glob("*.parquet")):
        table, stacked = pd.read_parquet(file), load_file(file.with_suffix(TENSORS))
        places = np.flatnonzero(table["steps"] == steps) if steps else np.arange(len(table))
        tables.append(table.iloc[places])
        states += [{name: values[place] for name, values in stacked.items()} for place in places]
    return Models(pd.concat(tables, ignore_index=True), states)
