"""The columns of a feature table that baselines read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from biasgate.detection.features.table import INITIAL
from biasgate.detection.reader.ridge import Array

if TYPE_CHECKING:
    import pandas as pd

RECIPE_CHOICES = ("architecture", "batch", "steps", "optimizer", "init", "normalisation", "augmentation", "schedule")


def recipe(table: pd.DataFrame) -> Array:
    """What was drawn independently of the level: a leak if it tells the level."""
    import pandas as pd

    choices = pd.get_dummies(table[list(RECIPE_CHOICES)].astype(str), dtype=float)
    numbers = np.column_stack([np.log(table["learning_rate"]), table["weight_decay"], table["samples"]])
    return np.hstack([choices.to_numpy(), numbers])


def initial_weights(table: pd.DataFrame) -> Array:
    """The weight features of the untrained models."""
    return table[[name for name in table.columns if name.startswith(INITIAL)]].to_numpy(dtype=float)


def image_subset(table: pd.DataFrame) -> Array:
    """How many images of each class the model was given."""
    return np.array(table["class_counts"].tolist(), dtype=float)


def final_loss(table: pd.DataFrame) -> Array:
    """The training loss at the end, plain and in logarithm."""
    loss = table["final_loss"].to_numpy()
    return np.column_stack([loss, np.log(loss + 1e-6)])


def path_norm(table: pd.DataFrame) -> Array:
    """The total path energy, in logarithm: the weight norm that rescaling leaves alone."""
    return table[["path.total"]].to_numpy(dtype=float)


def inference(table: pd.DataFrame) -> Array:
    """What the oracle sees: accuracy on aligned and on conflicting images and the swap rate, plain and in log-odds."""
    return _with_log_odds(table[["accuracy_aligned", "accuracy_conflicting", "swap_rate"]].to_numpy())


def accuracies(groups: tuple[str, ...]) -> Callable[[pd.DataFrame], Array]:
    """What the oracle of groups sees: accuracy in each group, plain and in log-odds."""

    def view(table: pd.DataFrame) -> Array:
        return _with_log_odds(table[[f"accuracy_{group}" for group in groups]].to_numpy(dtype=float))

    return view


def _with_log_odds(rates: Array) -> Array:
    kept = np.clip(rates, 0.005, 0.995)
    return np.hstack([rates, np.log(kept / (1 - kept))])
