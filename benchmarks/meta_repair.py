"""Repaired models of a zoo: the whole network fine-tuned on recoloured twins; nothing looks at the scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from meta_adversaries import measure, restored
from meta_readers import Models, State
from meta_zoos import keep, kept

from biasgate.data.planting import twins
from biasgate.detection.zoo.coloured import palette_of
from biasgate.detection.zoo.material import Material, load_material
from biasgate.detection.zoo.plan import PlannedModel, ZooPlan
from biasgate.training.loop import train
from biasgate.training.normalisation import to_tensor
from biasgate.training.recipe import TrainingRecipe

COUNTS = {"train": 60, "validation": 30, "test": 40}
IMAGES = 300


def repaired_models(plan: ZooPlan, models: Models, root: Path) -> Models:
    """Biased models of each split after repair on images of that split; rows hold what is measured anew."""
    path = root / "repaired" / f"{plan.spec.name}-{len(models.table)}.safetensors"
    if path.exists():
        return kept(path)
    planned, material = {model.id: model for model in plan.models}, load_material(plan.spec)
    rows = np.concatenate([_chosen(models, split, count) for split, count in COUNTS.items()])
    table = models.table.iloc[rows].assign(bias_before=lambda t: t["measured_bias"])
    states = [repair(planned[models.table["id"].iloc[row]], models.states[row], material) for row in rows]
    for row, state in zip(table.index, states, strict=True):
        for name, value in measure(planned[table.loc[row, "id"]], state, material).items():
            table.loc[row, name] = value
    keep(Models(table, states), path)
    return kept(path)


def repair(planned: PlannedModel, state: State, material: Material) -> State:
    """Fine-tuned on twins of 300 images of its own split, 60 to 150 steps."""
    rng = np.random.default_rng(planned.seed + 2)
    images = material.images[planned.split]
    chosen = images.take(rng.permutation(len(images))[:IMAGES])
    pairs = twins(chosen, palette=palette_of(planned, material), rng=rng)
    network = restored(planned, state, material)
    recipe = TrainingRecipe(learning_rate=float(rng.uniform(5e-4, 2e-3)), batch=64, steps=int(rng.integers(60, 151)))
    generator = torch.Generator().manual_seed(planned.seed)
    samples = to_tensor(pairs.samples, planned.normalisation)
    train(network, samples, torch.from_numpy(pairs.labels), recipe=recipe, generator=generator)
    return {name: value.detach().numpy().copy() for name, value in network.state_dict().items()}


def _chosen(models: Models, split: str, count: int) -> np.ndarray:
    """The first biased models of a split, by id."""
    biased = (models.table["split"] == split) & (models.table["level"] != "none") & (models.table["level"] != "low")
    return np.flatnonzero(biased)[:count]
