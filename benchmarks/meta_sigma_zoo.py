"""The zoo of the σ² budget: trained once, with every model kept at several steps, in chunks that a stopped run keeps.

Every model has its own start, palette and images; readers learn from models of one half of the digits and are scored on
models of the other. The learning rate is constant, so that a model at 300 steps is the one that a run of 300 makes.
"""

from __future__ import annotations

import time
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

ZOO = "long_sigma"
CHECKPOINTS = (300, 1000, 2000)
CHUNK, LONG = 80, 160
"""Models a chunk, and how many go on to the last checkpoint; the others end at the one before."""
TENSORS = ".safetensors"


def train_sigma(root: Path, *, models: int, worker: tuple[int, int], until: float) -> None:
    """Trains one of several workers' chunks of the first so many models, and starts none after ``until``."""
    plan = plan_of(ZOO, root)
    material = halves(plan.spec)
    order = np.random.default_rng(0).permutation(len(plan.models))
    folder = root / ZOO
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, min(models, len(order)), CHUNK):
        file = folder / f"{start:05}.parquet"
        if start // CHUNK % worker[1] == worker[0] and time.time() < until and not file.exists():
            _train_chunk([plan.models[place] for place in order[start : start + CHUNK]], material, file)


def halves(spec: ZooSpec) -> Material:
    """The digits in three disjoint parts: to train the models that are learned from, the others, and to measure on."""
    whole = open_dataset(spec.dataset)
    measure = role(whole, "measure")
    learned, read = split(whole.take(~np.isin(whole.clusters, measure.clusters)), share=0.5, seed=0)
    return Material(spec=spec, images={"train": learned, "validation": read, "test": read}, measure=measure)


def _train_chunk(planned: list[PlannedModel], material: Material, file: Path) -> None:
    kept: list[tuple[dict[str, object], State]] = []
    checkpoints = CHECKPOINTS if int(file.stem) < LONG else CHECKPOINTS[:-1]
    for splits in (("train",), ("validation", "test")):
        some = [model for model in planned if model.split in splits]
        learners = [learner(_until(checkpoints[-1], model), material, shared=False) for model in some]
        pool = ImagePool(material.images[splits[0]].array, device=torch.device("cpu"))
        keep = partial(_keep, kept, some, learners, material)
        train_together(learners, pool, after={steps: partial(keep, steps) for steps in checkpoints})
    rows, states = zip(*kept, strict=True)
    save_file({name: np.stack([each[name] for each in states]) for name in states[0]}, file.with_suffix(TENSORS))
    pd.DataFrame(rows).to_parquet(file)


def _until(steps: int, model: PlannedModel) -> PlannedModel:
    return model.model_copy(update={"training": model.training.model_copy(update={"steps": steps})})


def _keep(
    kept: list[tuple[dict[str, object], State]],
    planned: list[PlannedModel],
    learners: list[Learner],
    material: Material,
    steps: int,
) -> None:
    for model, one in zip(planned, learners, strict=True):
        told = {name: getattr(model, name) for name in ("id", "split", "level", "strength", "palette", "seed")}
        measured = measured_bias(one.network, model, material)
        kept.append(({**told, "steps": steps, **measured}, parameters_of(one.network)))


def trained(root: Path, *, steps: int) -> Models:
    """The models that are there, as they were after so many steps, in the order of training."""
    tables, states = [], []
    for file in sorted((root / ZOO).glob("*.parquet")):
        table, stacked = pd.read_parquet(file), load_file(file.with_suffix(TENSORS))
        places = np.flatnonzero(table["steps"] == steps)
        tables.append(table.iloc[places])
        states += [{name: values[place] for name, values in stacked.items()} for place in places]
    return Models(pd.concat(tables, ignore_index=True), states)
