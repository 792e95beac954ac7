"""Columns of a feature table as arrays: what readers learn, what they learn it from, and what baselines see."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.features.table import INITIAL
from biasgate.detection.reader.ridge import Array
from biasgate.detection.zoo.axis import to_axis
from biasgate.detection.zoo.spec import Split, ZooSpec

if TYPE_CHECKING:
    import pandas as pd

View = Callable[["pd.DataFrame"], Array]
"""What of a feature table a reader sees: ``[n, columns]``."""

RECIPE_CHOICES = ("architecture", "batch", "steps", "optimizer", "init", "normalisation", "augmentation", "schedule")


def split_of(table: pd.DataFrame, split: Split) -> pd.DataFrame:
    """The rows of one split."""
    return table.loc[table["split"] == split, :]


def measured_bias_of(table: pd.DataFrame) -> Array:
    """Measured bias ``[n]``."""
    return table["measured_bias"].to_numpy(dtype=np.float64)


def features_of(table: pd.DataFrame, names: list[str] | tuple[str, ...]) -> Array:
    """Columns as ``[n, features]``."""
    return table[list(names)].to_numpy(dtype=np.float64)


def of_features(names: list[str] | tuple[str, ...]) -> View:
    """The view of some features."""
    return lambda table: features_of(table, names)


def axis_of(table: pd.DataFrame, spec: ZooSpec) -> Array:
    """Planted strengths on the bias axis ``[n]``."""
    return np.array([to_axis(strength, spec.planting) for strength in table["strength"]])


def on_axis(table: pd.DataFrame, spec: ZooSpec) -> NDArray[np.bool_]:
    """Which models have a place on the bias axis ``[n]``: under ``sigma``, none has not."""
    return table["strength"].to_numpy(dtype=np.float64) < (1 if spec.planting == "sigma" else np.inf)


def levels_of(table: pd.DataFrame, spec: ZooSpec) -> NDArray[np.int64]:
    """Level indices ``[n]``, 0 for none."""
    order = {level.name: index for index, level in enumerate(spec.levels)}
    return np.array([order[name] for name in table["level"]])


def recipe(table: pd.DataFrame) -> Array:
    """What was drawn independently of the level: the zoo leaks if it tells the level."""
    import pandas as pd

    choices = pd.get_dummies(table[list(RECIPE_CHOICES)].astype(str), dtype=float)
    numbers = np.column_stack([np.log(table["learning_rate"]), table["weight_decay"], table["samples"]])
    return np.hstack([choices.to_numpy(), numbers])


def initial_weights(table: pd.DataFrame) -> Array:
    """The features of the untrained models."""
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


def behaviour(table: pd.DataFrame) -> Array:
    """What the behavioural reference sees: accuracy aligned and conflicting, and swap rate, plain and in log-odds."""
    return _with_log_odds(table[["accuracy_aligned", "accuracy_conflicting", "swap_rate"]].to_numpy())


def subgroup_accuracies(subgroups: tuple[str, ...]) -> View:
    """What the behavioural reference of subgroups sees: accuracy in each, plain and in log-odds."""

    def view(table: pd.DataFrame) -> Array:
        return _with_log_odds(table[[f"accuracy_{name}" for name in subgroups]].to_numpy(dtype=float))

    return view


def _with_log_odds(rates: Array) -> Array:
    kept = np.clip(rates, 0.005, 0.995)
    return np.hstack([rates, np.log(kept / (1 - kept))])
