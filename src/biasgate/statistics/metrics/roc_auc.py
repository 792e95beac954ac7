"""The area under the ROC curve: exact by ranks, its variance by placements, and a bound that holds for any scores."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.intervals import wilson_limits
from biasgate.statistics.linear import standard_error
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
        """By ranks; DeLong's variance reports, Chernoff's bound decides. See ``ScoreMetric.number``."""
        scores, positive = answers.score, answers.truth == answers.positive
        area, parts = roc_auc(scores, positive)
        return Number(
            value=area,
            parts=parts,
            clusters=clusters,
            limits=lambda level: auc_limits(scores, positive, clusters, confidence=level),
            bounds=lambda level: auc_bounds(area, clusters, positive, confidence=level),
            method="wilson, delong",
            decided_by="chernoff",
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


def effective_clusters(clusters: NDArray[np.int64], positive: NDArray[np.bool_]) -> float:
    """Independent pairs of a positive and a negative that the rows are worth at least.

    Rows of one cluster count as one; clusters of unequal size by Kish's (Σw)²/Σw². Where some cluster holds both kinds,
    a pair takes two clusters, so that half of all clusters bound it.
    """
    sides = [np.unique(clusters[side], return_counts=True) for side in (positive, ~positive)]
    worth = [float(counts.sum() ** 2 / np.sum(counts.astype(float) ** 2)) for _, counts in sides]
    shared = len(np.intersect1d(sides[0][0], sides[1][0], assume_unique=True))
    return min(worth) if not shared else min(*worth, sum(worth) / 2 * (1 - shared / sum(len(u) for u, _ in sides)))


def auc_limits(
    scores: NDArray[np.float64], positive: NDArray[np.bool_], clusters: NDArray[np.int64], *, confidence: float
) -> tuple[float, float]:
    """Interval to report: Wilson's on the number of independent pairs that DeLong's variance is worth, A(1−A)/variance.

    The variance is that of the rows with two positives and two negatives more, one of each at either end: without
    them it would be zero when the scores separate (as Agresti and Coull add successes and failures; this addition is
    ours). The number is at least the rows' effective clusters, since no variance exceeds A(1−A)/min(m, n) (Birnbaum and
    Klose, Annals of Mathematical Statistics 28:929, 1957).
    """
    area, _ = roc_auc(scores, positive)
    ends = np.array([np.nextafter(scores.min(), -np.inf), np.nextafter(scores.max(), np.inf)])
    more = np.concatenate([scores, ends, ends])
    kinds = np.concatenate([positive, [True, True, False, False]])
    smooth, parts = roc_auc(more, kinds)
    error = standard_error(parts, np.concatenate([clusters, clusters.max() + np.arange(1, 5)]))
    size = max(effective_clusters(clusters, positive), smooth * (1 - smooth) / error**2)
    return wilson_limits(area * size, size, confidence=confidence)


def auc_bounds(
    area: float, clusters: NDArray[np.int64], positive: NDArray[np.bool_], *, confidence: float
) -> tuple[float, float]:
    """Bounds to decide with, each one-sided at ``(1 + confidence) / 2``, whatever the scores' distributions.

    The area is a mean, over all ways to pair the smaller class with rows of the other, of means of k = min(m, n)
    independent trials; so its moments are at most a binomial's and Chernoff's bound holds: k · KL(Â ‖ θ) ≤ log(2/(1 −
    confidence)) (Hoeffding, JASA 58:13, 1963, section 5b). Clustered rows take ``effective_clusters`` for k.
    """
    k = effective_clusters(clusters, positive)
    return chernoff(area, k, confidence=confidence)


def chernoff(rate: float, trials: float, *, confidence: float) -> tuple[float, float]:
    """The θ with trials · KL(rate ‖ θ) ≤ log(2/(1 − confidence)), KL that of two Bernoulli distributions."""
    from scipy.optimize import root_scalar
    from scipy.special import rel_entr

    reach = math.log(2 / (1 - confidence)) / trials

    def spare(theta: float) -> float:
        return float(rel_entr(rate, theta) + rel_entr(1 - rate, 1 - theta)) - reach

    tiny = 1e-15
    low = float(root_scalar(spare, bracket=(tiny, rate)).root) if rate > tiny and spare(tiny) > 0 else 0.0
    high = float(root_scalar(spare, bracket=(rate, 1 - tiny)).root) if 1 - rate > tiny and spare(1 - tiny) > 0 else 1.0
    return low, high
