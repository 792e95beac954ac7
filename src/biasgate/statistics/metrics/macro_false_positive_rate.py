"""The false positive rate of several classes: the mean over classes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.bounded_mean import even_bounds
from biasgate.statistics.metric import Answers, Limits, Number, ScoreMetric


class MacroFalsePositiveRate(ScoreMetric):
    """Σ_k FPR_k / classes, where FPR_k is the share of the rows of other classes that are predicted to be of class k.

    Beside balanced accuracy, which is the same mean of true positive rates: equalised odds over several classes
    compares both.
    """

    name = "macro_false_positive_rate"
    more_is_better = False

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """A row counts once for each class that is not its own. See ``bounded_mean.even_bounds``."""
        classes = np.unique(answers.truth)
        rows, kinds = np.nonzero(answers.truth[:, None] != classes)
        taken = answers.predicted[rows] == classes[kinds]
        counts = np.bincount(kinds)
        rates = np.bincount(kinds, weights=taken) / counts
        added = (taken - rates[kinds]) / (counts[kinds] * len(classes))

        def bounds(level: float) -> Limits:
            return even_bounds(taken, kinds, clusters[rows], confidence=level)

        return Number(
            value=float(rates.mean()),
            parts=np.asarray(np.bincount(rows, weights=added, minlength=len(answers.truth)), dtype=np.float64),
            clusters=clusters,
            bounds=bounds,
            method="gaffke",
        )

    def compared(self, answers: Answers) -> NDArray[np.int64]:
        """The rows of each class with those of the others."""
        return answers.truth
