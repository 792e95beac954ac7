"""Scores that are the mean of one number a row."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.bounded_mean import by_cluster, imagined_size, mean_bounds
from biasgate.statistics.metric import Answers, Limits, Number, ScoreMetric


class MeanScore(ScoreMetric, ABC):
    """The mean of one number a row, which lies between two ends: the bounds that decide are reported, too.

    No interval without the ends holds where rows that are rare cost much: what was not seen may be there.

    Attributes:
        ends: Smallest and largest number that a row may have.
    """

    ends: ClassVar[tuple[float, float]]
    weighted = True

    @abstractmethod
    def values(self, answers: Answers) -> NDArray[np.float64]:
        """The number of each row, ``[rows]``."""

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """See ``ScoreMetric.number`` and ``statistics.bounded_mean``."""
        values = self.values(answers)
        weights = np.ones(len(values)) if answers.weights is None else answers.weights
        sums, sizes = by_cluster(values, clusters, weights)
        mean = float(sums.sum() / sizes.sum())
        added = imagined_size(sizes, float(weights.max()))

        def bounds(level: float) -> Limits:
            return mean_bounds(sums, sizes, confidence=level, ends=self.ends, added=added)

        return Number(
            value=mean,
            parts=(values - mean) * weights / weights.sum(),
            clusters=clusters,
            bounds=bounds,
            method="gaffke",
        )
