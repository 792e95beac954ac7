"""Means over models × images, when both are drawn: the interval speaks of other seeds and of other images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate


@dataclass(frozen=True)
class Crossed:
    """A mean of values over seeds and images, or a difference of two such means.

    Attributes:
        value: The mean.
        seeds: Number of seeds.
        clusters: Number of independent images (persons).
        variance: Of the mean, both seeds and clusters drawn anew.
        degrees: Satterthwaite's degrees of freedom of ``variance``.
        fixed_variance: Of the mean over new seeds, on these very images; it has ``seeds − 1`` degrees of freedom.
    """

    value: float
    seeds: int
    clusters: int
    variance: float
    degrees: float
    fixed_variance: float

    def estimate(self, *, confidence: float) -> Estimate:
        """The mean with its t interval over new seeds and new images."""
        width = self._width(self.variance, self.degrees, confidence)
        limits = (self.value - width, self.value + width)
        method = "t, seeds x images"
        return Estimate.within(limits, value=self.value, n=self.seeds, method=method, confidence=confidence)

    def fixed(self, *, confidence: float) -> tuple[float, float]:
        """The t interval over new seeds, on these images alone."""
        width = self._width(self.fixed_variance, self.seeds - 1, confidence)
        return self.value - width, self.value + width

    def p_value(self) -> float:
        """Two-sided, of a mean of zero; 1 when nothing varies."""
        from scipy.special import stdtr

        return float(2 * stdtr(self.degrees, -abs(self.value) / np.sqrt(self.variance))) if self.variance else 1.0

    def _width(self, variance: float, degrees: float, confidence: float) -> float:
        from scipy.special import stdtrit

        if not variance:  # nothing varied: what at least one of as many clusters would have shown
            return 1 - (1 - confidence) ** (1 / self.clusters)
        return float(stdtrit(degrees, (1 + confidence) / 2) * np.sqrt(variance))


def crossed_mean(
    values: NDArray[np.floating], clusters: NDArray[np.int64], *, minus: NDArray[np.bool_] | None = None
) -> Crossed:
    """The mean of values over seeds and images, with crossed random effects of both.

    v(s, i) = μ + a(s) + b(i) + e(s, i); the mean's variance σ²ₐ/S + σ²_b/n + σ²ₑ/(S n) is estimated by the variance
    over seeds, plus that over clusters, minus that of the rest, which both hold: for balanced data the moment estimator
    of the two-way analysis of variance (Searle, Casella and McCulloch, Variance Components, 1992), for clusters of
    images the two-way clustered one (Cameron, Gelbach and Miller, JBES 29:238, 2011). It is never taken below either
    margin. Degrees of freedom are Satterthwaite's, and no fewer than the smaller margin's.

    Args:
        values: One a model and image, ``[seeds, images]``; of paired arms, their difference.
        clusters: Whose image each is ``[images]``.
        minus: Images of a second group ``[images]``: the result is the first group's mean minus the second's.
    """
    sides = [~minus, minus] if minus is not None else [np.ones(values.shape[1], dtype=bool)]
    _, codes = np.unique(clusters, return_inverse=True)
    count, seeds = int(codes.max()) + 1, len(values)
    deviations, rest, value = np.zeros((seeds, count)), np.zeros((seeds, count)), 0.0
    for sign, side in zip((1, -1), sides, strict=False):
        group, owners = values[:, side], codes[side]
        centred = group - (mean := group.mean())
        inner = centred - centred.mean(axis=0) - centred.mean(axis=1, keepdims=True)
        value += sign * float(mean)
        deviations += sign * _sums(centred, owners, count) / group.shape[1]
        rest += sign * _sums(inner, owners, count) / group.shape[1]
    over_seeds = float(np.sum(deviations.sum(axis=1) ** 2)) / (seeds * (seeds - 1))
    over_clusters = float(np.sum(deviations.mean(axis=0) ** 2)) * count / (count - 1)
    both = float(np.sum(rest**2)) * count / ((count - 1) * seeds * (seeds - 1))
    variance = max(over_seeds + over_clusters - both, over_seeds, over_clusters)
    spread = over_seeds**2 / (seeds - 1) + over_clusters**2 / (count - 1) + both**2 / ((seeds - 1) * (count - 1))
    return Crossed(
        value=value,
        seeds=seeds,
        clusters=count,
        variance=variance,
        degrees=max(variance**2 / spread if spread else 0.0, min(seeds, count) - 1.0),
        fixed_variance=over_seeds,
    )


def _sums(values: NDArray[np.floating], owners: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """Sums over each cluster's images ``[seeds, clusters]``."""
    sums = np.zeros((len(values), count))
    order = np.argsort(owners, kind="stable")
    starts = np.flatnonzero(np.diff(owners[order], prepend=-1))
    sums[:, owners[order[starts]]] = np.add.reduceat(values[:, order], starts, axis=1)
    return sums
