"""The learning rate over the steps of a recipe."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.training.recipe import TrainingRecipe

WARM_UP = 0.25
START, END = 1 / 25, 1 / 250_000


def learning_rates(recipe: TrainingRecipe) -> NDArray[np.float64]:
    """One rate a step ``[steps]``.

    ``one_cycle`` rises by half a cosine, from a 25th of the peak, for a quarter of the steps (at least one), and falls
    by another to a 250,000th of it (Smith and Topin 2017); ``cosine`` falls from the peak towards zero; ``step`` falls
    to a tenth after a half of the steps and again after three quarters; ``constant`` stays at the peak.
    """
    steps = np.arange(recipe.steps)
    if recipe.schedule == "constant":
        return np.full(recipe.steps, recipe.learning_rate)
    if recipe.schedule == "step":
        return recipe.learning_rate * np.array([1, 0.1, 0.01])[np.digitize(steps / recipe.steps, [1 / 2, 3 / 4])]
    if recipe.schedule == "cosine":
        return recipe.learning_rate * _between(1.0, 0.0, steps / recipe.steps)
    top = max(WARM_UP * (recipe.steps + 1), 2) - 1
    rise = _between(START, 1.0, np.minimum(steps / top, 1))
    fall = _between(1.0, END, np.maximum(steps - top, 0) / max(recipe.steps - top, 1))
    return recipe.learning_rate * np.where(steps <= top, rise, fall)


def _between(start: float, end: float, share: NDArray[np.float64]) -> NDArray[np.float64]:
    return end + (start - end) * (1 + np.cos(np.pi * share)) / 2
