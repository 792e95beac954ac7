"""Balanced accuracy: the mean over classes of the share of each that is recognised."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.clustered import Sums, clustered_wilson, correlation, korn_graubard
from biasgate.statistics.metric import Answers, Number, ScoreMetric
from biasgate.statistics.multiple import bonferroni

Side = tuple[NDArray[np.bool_], NDArray[np.int64]]
"""The rows of one class: whether each was recognised, and its cluster."""


class BalancedAccuracy(ScoreMetric):
    """Σ_k recall_k / classes, where recall_k is the share of the rows of class k that are predicted to be of it.

    With two classes (true positive rate + true negative rate) / 2; .5 for a model that always says the same.
    """

    name = "balanced_accuracy"
    more_is_better = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """Recalls are combined by ``balanced_limits`` and ``balanced_bounds``. See ``ScoreMetric.number``."""
        classes, codes, counts = np.unique(answers.truth, return_inverse=True, return_counts=True)
        right = answers.predicted == answers.truth
        recalls = np.bincount(codes, weights=right) / counts
        sides = [(right[codes == k], clusters[codes == k]) for k in range(len(classes))]
        return Number(
            value=float(recalls.mean()),
            parts=(right - recalls[codes]) / (counts[codes] * len(classes)),
            clusters=clusters,
            limits=lambda level: balanced_limits(sides, confidence=level),
            bounds=lambda level: balanced_bounds(sides, confidence=level),
            method="mover, wilson",
            decided_by="korn-graubard, bonferroni",
        )

    def compared(self, answers: Answers) -> NDArray[np.int64]:
        """The rows of each class with those of the others."""
        return answers.truth


def balanced_limits(sides: Sequence[Side], *, confidence: float) -> tuple[float, float]:
    """Interval to report: the squared distances of each recall to its Wilson limit, summed (MOVER).

    The mean of K rates as Zou and Donner (Statistics in Medicine 27:1693, 2008) combine two. Classes that share
    clusters add their correlation.
    """

    def limits(side: Side) -> tuple[float, float]:
        found = clustered_wilson(Sums.of(*side), confidence=confidence)
        return found.low, found.high

    return _mean(sides, limits)


def balanced_bounds(sides: Sequence[Side], *, confidence: float) -> tuple[float, float]:
    """Bounds to decide with: means of Clopper–Pearson or Korn–Graubard limits that hold for all classes at once.

    Squared distances would miss .07 of the time where .025 is allowed, when few of many are not recognised.
    """
    level = bonferroni(confidence, len(sides))
    low, high = np.mean([korn_graubard(Sums.of(*side), confidence=level) for side in sides], axis=0)
    return float(low), float(high)


def _mean(sides: Sequence[Side], limits: Callable[[Side], tuple[float, float]]) -> tuple[float, float]:
    rates = np.array([outcomes.mean() for outcomes, _ in sides])
    ends = np.array([limits(side) for side in sides])
    width = np.eye(len(sides))
    every = np.concatenate([clusters for _, clusters in sides])
    if len(np.unique(every)) < len(every):
        for i, first in enumerate(sides):
            for j, second in enumerate(sides[:i]):
                width[i, j] = width[j, i] = correlation(*first, *second)
    down, up = rates - ends[:, 0], ends[:, 1] - rates
    value, count = float(rates.mean()), len(sides)
    low, high = (float(np.sqrt(max(0.0, far @ width @ far))) / count for far in (down, up))
    return max(0.0, value - low), min(1.0, value + high)
