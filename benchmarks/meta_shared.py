"""Where the paper's figures rest: the same four variances with start and palette shared or own, recipe one or varied.

A cell of the 2×2×2 table is a zoo of small networks on digits of 14 pixels. What is learned and what is read saw
disjoint images in every cell; what is shared is shared by both. Trained in chunks that a stopped run keeps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from meta_chunks import load_chunks, missing, planned_in_order, train_chunk
from meta_crossed import crossed, crossed_scores
from meta_predictions import Document, keep, kept
from meta_zoos import plan_of

from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.planting import PLANTINGS
from biasgate.models.network import Network, drawn
from biasgate.training.feed import Sight
from biasgate.training.normalisation import normalised
from biasgate.training.pool import ImagePool
from biasgate.training.together import Learner, train_together

NAME = "shared"
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
            if file := missing(root / NAME / cell.name, start=start, until=until):
                _train_chunk(cell, root, start, file)


def _train_chunk(cell: Cell, root: Path, start: int, file: Path) -> None:
    spec, planned = planned_in_order(f"halved_{cell.recipe}", root)
    if cell.palette == "shared":
        planned = [model.model_copy(update={"palette": SHARED_PALETTE}) for model in planned]
    material = load_material(spec)

    def train(stack: Sequence[PlannedModel]) -> list[Network]:
        learners = [learner(model, material, shared=cell.start == "shared") for model in stack]
        train_together(learners, ImagePool(material.images[stack[0].split].array, device=torch.device("cpu")))
        return [one.network for one in learners]

    chunk = planned[start : start + CHUNK]
    train_chunk(chunk, spec, file, train=train, measure=partial(measured_bias, material=material))


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
    grey = torch.from_numpy(material.measure.array[seen.rows])
    images = (grey * torch.from_numpy(seen.colours)[:, None, None] + 0.5).to(torch.uint8)
    answers = network(normalised(images, model.normalisation)).argmax(dim=1).numpy()
    return how.measured(answers, seen, model, material)


def shared(root: Path) -> Document:
    """Fits every reader in every cell, on as many models in each, and keeps what each names of the models."""
    folders = {cell: root / NAME / cell.name for cell in CELLS}
    chunks = min(len(list(folder.glob("*.parquet"))) for folder in folders.values())
    found = []
    for cell, folder in folders.items():
        spec = plan_of(f"halved_{cell.recipe}", root).spec
        found.append(crossed(load_chunks(folder, most=chunks), spec).assign(**asdict(cell)))
    keep(pd.concat(found, ignore_index=True), NAME)
    return shared_scores()


def shared_scores() -> Document:
    """Scores of the predictions that are kept: shares with intervals, a cell and reader each."""
    rows = kept(NAME)
    if rows is None:
        return {}
    cells = rows.groupby(list(KINDS), sort=False)
    return {"cells": [{**dict(zip(KINDS, key, strict=True)), **crossed_scores(some)} for key, some in cells]}
