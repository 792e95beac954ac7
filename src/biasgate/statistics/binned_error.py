"""How far stated probabilities are from how often they come true, bin by bin, with an interval that knows its bias."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.bounded_mean import typical_size
from biasgate.statistics.metric import Limits, Number

BINS = 10
DRAWS = 20_000
BLOCKS = 20


def binned_number(stated: NDArray[np.float64], happened: NDArray[np.bool_], clusters: NDArray[np.int64]) -> Number:
    """The binned error with one interval that reports and decides, by draws of ``distances``."""
    value = binned_error(stated, happened)
    far = np.sort(distances(stated, happened, clusters))
    places = np.linspace(0, 1, DRAWS)

    def bounds(level: float) -> Limits:
        reach = float(np.interp((1 + level) / 2, places, far))
        return max(0.0, value - reach), min(1.0, value + reach)

    return Number(
        value=value,
        parts=bin_parts(stated, happened),
        clusters=clusters,
        bounds=bounds,
        method="normal, L1",
        tested=False,
    )


def binned_error(stated: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Expected calibration error: Σ_b |Σ_{i∈b} (stated_i − happened_i)| / rows, over ten bins of equal width.

    Between 0 and 1. With few rows perfectly calibrated probabilities have an error above 0 (Naeini, Cooper and
    Hauskrecht, Obtaining well calibrated probabilities using Bayesian binning, AAAI 2015).

    Args:
        stated: A probability a row, ``[rows]``.
        happened: Whether what it is the probability of came true, ``[rows]``.
    """
    return float(np.abs(np.bincount(_bins(stated), weights=stated - happened)).sum() / len(happened))


def bin_parts(stated: NDArray[np.float64], happened: NDArray[np.bool_]) -> NDArray[np.float64]:
    """What each row adds to the error, to first order, ``[rows]``: see ``statistics.linear``."""
    bins = _bins(stated)
    signs = np.sign(np.bincount(bins, weights=stated - happened, minlength=BINS))
    signed = signs[bins] * (stated - happened)
    return (signed - signed.mean()) / len(happened)


def distances(
    stated: NDArray[np.float64], happened: NDArray[np.bool_], clusters: NDArray[np.int64], *, seed: int = 0
) -> NDArray[np.float64]:
    """How far the bins of a sample like this lie from the true ones, ``[DRAWS]``: draws of Σ_b |ĝ_b − g_b|.

    The error is the L1 norm of the bins' signed parts g_b, so by the triangle inequality the true one lies within
    such a distance of the estimate, upwards and downwards, whatever the estimate's bias. The distance is drawn from a
    normal distribution with the bins' linearised covariance over clusters, Student's with Kish's number of clusters
    less one where some have several rows. That bound is ours; so are two more clusters of the size that the cluster of
    a row has on average, one sure and wrong and one unsure and right, without which a sample that is all right would
    be certain (as in ``clustered.Sums.effective_size``).

    Args:
        stated: A probability a row, ``[rows]``.
        happened: Whether what it is the probability of came true, ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        seed: The draws follow from it.
    """
    _, codes = np.unique(clusters, return_inverse=True)
    count = int(codes.max()) + 1
    parts = np.bincount(codes * BINS + _bins(stated), weights=stated - happened, minlength=count * BINS)
    sizes = np.bincount(codes)
    added = typical_size(sizes)
    sums = np.vstack([parts.reshape(count, BINS), np.zeros((2, BINS))])
    sums[-2, -1], sums[-1, 0] = added, -added
    rows = np.append(sizes, [added, added])
    residuals = (sums - np.outer(rows, sums.sum(axis=0) / rows.sum())) / rows.sum()
    variances, axes = np.linalg.eigh(residuals.T @ residuals * len(rows) / (len(rows) - 1))
    found = np.abs((axes * np.sqrt(np.maximum(variances, 0.0))) @ _normal(seed)).sum(axis=1).ravel()
    if count == len(happened):
        return found
    degrees = max(1.0, len(happened) / added - 1)
    return found / np.sqrt(np.random.default_rng([seed, 1]).chisquare(degrees, DRAWS) / degrees)


@cache
def _normal(seed: int) -> NDArray[np.float64]:
    """Independent normal numbers ``[blocks, BINS, draws]``, the same for every subgroup.

    A product with a block is too small for threads, whose waiting costs more than it.
    """
    drawn = np.random.default_rng(seed).standard_normal((BLOCKS, DRAWS // BLOCKS, BINS))
    return np.ascontiguousarray(drawn.transpose(0, 2, 1))


def _bins(stated: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.minimum((stated * BINS).astype(np.int64), BINS - 1)
