"""Balanced accuracy: the mean over classes of the share of each that is recognised."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.bounded_mean import even_bounds
from biasgate.statistics.metric import Answers, Limits, Number, ScoreMetric


class BalancedAccuracy(ScoreMetric):
    """Σ_k recall_k / classes, where recall_k is the share of the rows of class k that are predicted to be of it.

    With two classes (true positive rate + true negative rate) / 2; .5 for a model that always says the same.
    """

    name = "balanced_accuracy"
    more_is_better = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """One interval reports and decides. See ``ScoreMetric.number`` and ``bounded_mean.even_bounds``."""
        _, codes, counts = np.unique(answers.truth, return_inverse=True, return_counts=True)
        right = answers.predicted == answers.truth
        recalls = np.bincount(codes, weights=right) / counts

        def bounds(level: float) -> Limits:
            return even_bounds(right, codes, clusters, confidence=level)

        return Number(
            value=float(recalls.mean()),
            parts=(right - recalls[codes]) / (counts[codes] * len(counts)),
            clusters=clusters,
            bounds=bounds,
            method="gaffke",
        )

    def compared(self, answers: Answers) -> NDArray[np.int64]:
        """The rows of each class with those of the others."""
        return answers.truth
