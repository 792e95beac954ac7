from __future__ import annotations

import math

import pytest
import torch
from torch.optim import SGD
from torch.optim.lr_scheduler import ConstantLR, CosineAnnealingLR, LRScheduler, MultiStepLR, OneCycleLR

from biasgate.training.recipe import TrainingRecipe
from biasgate.training.schedule import learning_rates


def torchs(optimizer: SGD, recipe: TrainingRecipe) -> LRScheduler:
    if recipe.schedule == "cosine":
        return CosineAnnealingLR(optimizer, recipe.steps)
    if recipe.schedule == "constant":
        return ConstantLR(optimizer, factor=1.0)
    if recipe.schedule == "step":
        return MultiStepLR(optimizer, [math.ceil(recipe.steps / 2), math.ceil(recipe.steps * 3 / 4)])
    total = recipe.steps + 1
    rise = max(0.25, 2 / total)
    return OneCycleLR(optimizer, recipe.learning_rate, total_steps=total, pct_start=rise, cycle_momentum=False)


@pytest.mark.parametrize("schedule", ["one_cycle", "cosine", "step", "constant"])
@pytest.mark.parametrize("steps", [1, 2, 5, 150])
def test_rates_are_those_of_torchs_schedules(schedule: str, steps: int) -> None:
    recipe = TrainingRecipe.model_validate({"schedule": schedule, "steps": steps})
    optimizer = SGD([torch.nn.Parameter(torch.zeros(1))], lr=recipe.learning_rate)
    scheduler = torchs(optimizer, recipe)
    rates: list[float] = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert learning_rates(recipe).tolist() == pytest.approx(rates)
