"""The area under the ROC curve: exact by ranks, and bounds from the placements of both kinds of row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.bounded_mean import even_bounds
from biasgate.statistics.metric import Answers, Number, ScoreMetric


class RocAuc(ScoreMetric):
    """P(s⁺ > s⁻) + ½ P(s⁺ = s⁻), where s is the positive class's probability of a positive and of a negative row.

    The area under the ROC curve: .5 when the probabilities tell nothing, 1 when they separate both kinds.
    """

    name = "roc_auc"
    more_is_better = True
    needs_positive = True
    needs_probabilities = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """By ranks; one interval reports and decides. See ``ScoreMetric.number`` and ``auc_bounds``."""
        scores, positive = answers.score, answers.truth == answers.positive
        area, parts = roc_auc(scores, positive)

        def bounds(level: float) -> tuple[float, float]:
            return auc_bounds(parts, area, positive, clusters, confidence=level)

        return Number(
            value=area,
            parts=parts,
            clusters=clusters,
            bounds=bounds,
            method="placements, gaffke",
        )

    def compared(self, answers: Answers) -> NDArray[np.int64]:
        """Positive rows with negative ones."""
        return (answers.truth == answers.positive).astype(np.int64)


def roc_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> tuple[float, NDArray[np.float64]]:
    """P(score of a positive > score of a negative) + ½ P(equal), and the linear part of each row.

    The parts are DeLong's structural components (DeLong, DeLong and Clarke-Pearson, Biometrics 44:837, 1988), from
    mid-ranks in O(n log n) (Sun and Xu, IEEE Signal Processing Letters 21:1389, 2014); summed over clusters they give
    the clustered variance (Obuchowski, Biometrics 53:567, 1997).

    Args:
        scores: One a row, ``[rows]``; equal scores count half.
        positive: ``[rows]``; both kinds are there.

    Returns:
        The area, and the parts ``[rows]``, which sum to zero.
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    counts = int(positive.sum()), int((~positive).sum())
    above = (ranks[positive] - rankdata(scores[positive])) / counts[1]
    below = 1 - (ranks[~positive] - rankdata(scores[~positive])) / counts[0]
    area = float(above.mean())
    parts = np.empty(len(scores))
    parts[positive] = (above - area) / counts[0]
    parts[~positive] = (below - area) / counts[1]
    return area, parts


def auc_bounds(
    parts: NDArray[np.float64],
    area: float,
    positive: NDArray[np.bool_],
    clusters: NDArray[np.int64],
    *,
    confidence: float,
) -> tuple[float, float]:
    """Bounds to decide with, each one-sided at ``(1 + confidence) / 2``; as narrow as DeLong's where rows are many.

    A row's placement, the share of the other kind that it is on the right side of, lies between 0 and 1 and has the
    area as its mean over either kind. The error of the area is, to first order, the sum of the errors of both means:
    twice that of the mean over all rows in which each kind weighs a half, which ``bounded_mean.even_bounds`` bounds.
    Where DeLong's variance is 0, since the scores separate, its imagined cluster still bounds it. The combination is
    ours.

    Args:
        parts: Linear parts of each row, ``[rows]``; see ``roc_auc``.
        area: What they are the parts of.
        positive: ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        confidence: Two-sided.
    """
    counts = np.where(positive, positive.sum(), (~positive).sum())
    low, high = even_bounds(area + parts * counts, positive.astype(np.int64), clusters, confidence=confidence)
    return max(0.0, area - 2 * (area - low)), min(1.0, area + 2 * (high - area))
