"""What a model said of all rows, as pictures of classifiers show it: its confusion matrix and its ROC curve."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.evaluation.evaluate import Predictions
from biasgate.evaluation.given import Given

MOST_CLASSES = 30
"""A larger matrix cannot be read."""
POINTS = 101


@dataclass(frozen=True)
class Roc:
    """A ROC curve: the k-th point calls those rows positive whose probability is at least the k-th threshold.

    Attributes:
        false_positive_rate: Share of the negative rows that are called positive, in [0, 1], never falling.
        true_positive_rate: Share of the positive rows that are, likewise.
        threshold: In [0, 1], never rising.
    """

    false_positive_rate: list[float]
    true_positive_rate: list[float]
    threshold: list[float]


def confusion(said: Predictions | Given, dataset: Dataset) -> list[list[int]] | None:
    """Rows by true class (first index) and predicted class; None where a row has several labels, or of many classes."""
    size = len(dataset.classes)
    if dataset.labels.ndim == 2 or size > MOST_CLASSES:
        return None
    counts = np.zeros((size, size), np.int64)
    np.add.at(counts, (dataset.labels, said.classes), 1)
    return counts.tolist()


def roc(said: Predictions | Given, dataset: Dataset) -> Roc | None:
    """The curve of the second of two classes, at ``POINTS`` thresholds or at all where there are fewer.

    None where there are other than two classes, only one of them has rows, or no probability was given.
    """
    if dataset.labels.ndim == 2 or len(dataset.classes) != 2 or (scores := said.probabilities) is None:
        return None
    positive = dataset.labels == 1
    if positive.all() or not positive.any():
        return None
    return _curve(scores[:, 1], positive)


def _curve(score: NDArray[np.float64], positive: NDArray[np.bool_]) -> Roc:
    levels = np.unique(score)[::-1]
    if len(levels) > POINTS:
        levels = levels[np.linspace(0, len(levels) - 1, POINTS).round().astype(int)]

    def at_least(rows: NDArray[np.float64]) -> NDArray[np.float64]:
        return (len(rows) - np.searchsorted(np.sort(rows), levels, side="left")) / len(rows)

    return Roc(
        false_positive_rate=[0.0, *at_least(score[~positive]).tolist()],
        true_positive_rate=[0.0, *at_least(score[positive]).tolist()],
        threshold=[1.0, *levels.tolist()],
    )
