"""Where the paper's figures rest: the same four variances with start and palette shared or own, recipe one or varied.

A cell of the 2×2×2 table is a zoo of small networks on digits of 14 pixels. What is learned and what is read saw
disjoint images in every cell; what is shared is shared by both. Trained in chunks that a stopped run keeps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from meta_networks import NETWORKS
from meta_predictions import Document, keep, kept
from meta_readers import Models, Reading, columns_peer, library
from meta_zoos import plan_of
from safetensors.numpy import load_file, save_file

from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.reader import views
from biasgate.detection.reader.scores import share
from biasgate.detection.reader.views import levels_of
from biasgate.detection.zoo.engine import parameters_of, stacks
from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.planting import PLANTINGS
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import Network, drawn
from biasgate.models.weights import Weights
from biasgate.training.feed import Sight
from biasgate.training.normalisation import normalised
from biasgate.training.pool import ImagePool
from biasgate.training.together import Learner, train_together

NAME = "shared"
DETECTOR = "IFBiD's detector (our reading)"
CHUNK = 80
SHARED_START, SHARED_PALETTE = 1, 2
KINDS = ("start", "palette", "recipe")


@dataclass(frozen=True)
class Cell:
    """What the models of one zoo have in common."""

    start: str
    palette: str
    recipe: str

    @property
    def name(self) -> str:
        """Such as ``shared-own-one``."""
        return f"{self.start}-{self.palette}-{self.recipe}"


CELLS = [Cell(*kinds) for kinds in product(("shared", "own"), ("shared", "own"), ("one", "varied"))]


def train_cells(root: Path, *, models: int, until: float) -> None:
    """Trains the first so many models of every cell, cell by cell in chunks; starts no chunk after ``until``."""
    for start in range(0, models, CHUNK):
        for cell in CELLS:
            folder = root / NAME / cell.name
            if time.time() < until and not (folder / f"{start:04}.parquet").exists():
                folder.mkdir(parents=True, exist_ok=True)
                _train_chunk(cell, root, start, folder)


def _planned(cell: Cell, root: Path) -> tuple[ZooSpec, list[PlannedModel]]:
    """The cell's models in an order whose every beginning has the same share of each split and level."""
    plan = plan_of(f"halved_{cell.recipe}", root)
    exact = {level.name: level.strength for level in plan.spec.levels}
    order = np.random.default_rng(0).permutation(len(plan.models))
    models = [plan.models[place] for place in order]
    shared = {"palette": SHARED_PALETTE} if cell.palette == "shared" else {}
    return plan.spec, [model.model_copy(update={"strength": exact[model.level], **shared}) for model in models]


def _train_chunk(cell: Cell, root: Path, start: int, folder: Path) -> None:
    spec, planned = _planned(cell, root)
    material, rows, states = load_material(spec), [], []
    for stack in stacks(planned[start : start + CHUNK], spec):
        learners = [learner(model, material, shared=cell.start == "shared") for model in stack]
        train_together(learners, ImagePool(material.images[stack[0].split].samples, device=torch.device("cpu")))
        for model, learner in zip(stack, learners, strict=True):
            state = parameters_of(learner.network)
            states.append(state)
            rows.append(
                {
                    "id": model.id, "split": model.split, "level": model.level, "strength": model.strength,
                    **measured_bias(learner.network, model, material),
                    **invariant_features(Weights(layers_of(state, where=cell.name), digest="")),
                }
            )  # fmt: skip
    stacked = {name: np.stack([state[name] for state in states]) for name in states[0]}
    save_file(stacked, folder / f"{start:04}.safetensors")
    pd.DataFrame(rows).to_parquet(folder / f"{start:04}.parquet")


def learner(model: PlannedModel, material: Material, *, shared: bool) -> Learner:
    rng = np.random.default_rng(model.seed)
    seen = PLANTINGS["sigma"].training_set(model, material, rng)
    kind, seed = ("kaiming_uniform", SHARED_START) if shared else (model.init, model.seed)
    return Learner(
        network=drawn(material.spec.architectures[0], init=kind, seed=seed),
        sight=Sight(seen.rows, seen.labels, seen.colours, model.normalisation),
        recipe=model.training,
        generator=torch.Generator().manual_seed(model.seed),
    )


@torch.inference_mode()
def measured_bias(network: Network, model: PlannedModel, material: Material) -> dict[str, float]:
    how, rng = PLANTINGS["sigma"], np.random.default_rng([model.seed, 1])
    seen = how.probe(model, material, rng)
    assert seen.colours is not None
    grey = torch.from_numpy(material.measure.samples[seen.rows])
    images = (grey * torch.from_numpy(seen.colours)[:, None, None] + 0.5).to(torch.uint8)
    answers = network(normalised(images, model.normalisation)).argmax(dim=1).numpy()
    return how.measured(answers, seen, model, material)


def shared(root: Path) -> Document:
    """Fits every reader in every cell, and keeps what each names of the test models."""
    found = [_read(cell, root) for cell in CELLS if (root / NAME / cell.name).exists()]
    keep(pd.concat(found, ignore_index=True), NAME)
    return shared_scores()


READERS: dict[str, Callable[..., Callable[[Models], Reading]]] = {
    "raw weights, ridge": columns_peer(lambda models: _raw(models), of_models=True),
    DETECTOR: NETWORKS[DETECTOR],
    "invariants": library,
    "behavioural reference": columns_peer(views.behaviour),
}


def _read(cell: Cell, root: Path) -> pd.DataFrame:
    """A row a model: its level, and what each reader names that learned from the other half's images.

    Half the models of a cell saw the train images, half those of validation and test. A reader learns from one half;
    of the other, one part calibrates it and the other part is read, and so around, so that each model is read once.
    """
    models, spec = _loaded(root / NAME / cell.name), plan_of(f"halved_{cell.recipe}", root).spec
    half = (models.table["split"] == "train").to_numpy()
    part = np.arange(len(half)) % 2 == 0
    read = []
    for learns in (half, ~half):
        for calibrates in (part, ~part):
            known, calibration = models.where(learns), models.where(~learns & calibrates)
            asked = models.where(~learns & ~calibrates)
            read.append(_answers(known, calibration, asked, spec))
    told = {"start": cell.start, "palette": cell.palette, "recipe": cell.recipe, "train": len(models.table) // 2}
    return pd.concat(read, ignore_index=True).assign(**told)


def _answers(known: Models, calibration: Models, asked: Models, spec: ZooSpec) -> pd.DataFrame:
    rows = pd.DataFrame({"level": levels_of(asked.table, spec)})
    for name, peer in READERS.items():
        _, probabilities = peer(known, calibration, spec)(asked)
        rows[name] = probabilities.argmax(axis=1)
        rows[f"{name}: strongest"] = probabilities[:, -1] > probabilities[:, 0]
    return rows


def _loaded(folder: Path) -> Models:
    tables, states = [], []
    for file in sorted(folder.glob("*.parquet")):
        table, stacked = pd.read_parquet(file), load_file(file.with_suffix(".safetensors"))
        tables.append(table)
        states += [{name: value[place] for name, value in stacked.items()} for place in range(len(table))]
    return Models(pd.concat(tables, ignore_index=True), states)


def _raw(models: Models) -> np.ndarray:
    """All weights and biases ``[n, parameters]``."""
    return np.stack([np.concatenate([state[name].ravel() for name in sorted(state)]) for state in models.states])


def shared_scores() -> Document:
    """Scores of the predictions that are kept: shares with intervals, a cell and reader each."""
    rows = kept(NAME)
    if rows is None:
        return {}
    cells = rows.groupby(["start", "palette", "recipe"], sort=False)
    return {
        "cells": [
            {**dict(zip(("start", "palette", "recipe"), key, strict=True)), **_scores(some)} for key, some in cells
        ]
    }


def _scores(rows: pd.DataFrame) -> Document:
    ends = rows["level"].isin([0, 3])
    found: Document = {"train": int(rows["train"].iloc[0]), "test": len(rows)}
    for name in READERS:
        levels = share((rows[name] == rows["level"]).to_numpy())
        extremes = share((rows.loc[ends, f"{name}: strongest"] == (rows.loc[ends, "level"] == 3)).to_numpy())
        found[name] = {"levels": levels.model_dump(mode="json"), "extremes": extremes.model_dump(mode="json")}
    return found
