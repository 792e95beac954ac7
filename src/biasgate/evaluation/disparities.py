"""Disparities: the extremes over all subgroups of one combination, by the names that fairlearn gives them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Disparity, EvaluationSpec, combination
from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.bootstrap import draw_clustered
from biasgate.statistics.clustered import effective_size
from biasgate.statistics.metrics.false_positive_rate import FalsePositiveRate
from biasgate.statistics.metrics.true_positive_rate import TruePositiveRate
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.shrinkage import shrink

DRAWS = 2000
Limits = tuple[float, float]


def disparities(groups: Sequence[list[Outcomes]], spec: EvaluationSpec) -> list[Disparity]:
    """Difference and ratio of each metric's extremes, then equalised odds, for every combination and label.

    Args:
        groups: Families of outcomes; see ``measure``.
        spec: Confidence and minimum.
    """
    known = {
        (family[0].metric.name, combination(family[0].subgroup), label): [one for one in family if one.label == label]
        for family in groups
        for label in dict.fromkeys(one.label for one in family)
    }
    found: list[Disparity] = []
    for (metric, attribute, label), cells in known.items():
        if len(cells) < 2:
            continue
        name = cells[0].metric.disparity or metric
        found += [_one(f"{name}_{kind}", [cells], spec) for kind in ("difference", "ratio")]
        odds = known.get((FalsePositiveRate.name, attribute, label)) if metric == TruePositiveRate.name else None
        if odds:
            found += [_one(f"equalized_odds_{kind}", [cells, odds], spec) for kind in ("difference", "ratio")]
    return found


def _one(name: str, families: Sequence[list[Outcomes]], spec: EvaluationSpec) -> Disparity:
    cells = [one for family in families for one in family]
    disparity = Disparity(
        name=name, label=cells[0].label, attribute=combination(cells[0].subgroup), groups=len(families[0])
    )
    if any(one.size < spec.minimum for one in cells):
        return disparity
    ratio = name.endswith("_ratio")
    level = bonferroni(spec.confidence, len(families))
    parts = [_Spread.of(family, ratio=ratio) for family in families]
    if any(part is None for part in parts):
        return disparity
    spreads = [part for part in parts if part is not None]
    worst = min if ratio else max
    lows, highs = zip(*(part.limits(spec.confidence, level) for part in spreads), strict=True)
    estimate = Estimate.within(
        (worst(lows), worst(highs)),
        value=worst(part.value for part in spreads),
        n=min(one.size for one in cells),
        method="bootstrap, counts",
        confidence=spec.confidence,
    )
    shrunk = None if ratio else max(part.shrunk for part in spreads)
    return disparity.model_copy(update={"estimate": estimate, "shrunk": shrunk})


@dataclass(frozen=True)
class _Spread:
    """The extremes of one metric over subgroups, with draws of every rate.

    Attributes:
        value: Largest − smallest rate, or smallest / largest.
        shrunk: The expected difference; see ``statistics.shrinkage``.
        rates: ``[groups]``, on the scale of the contrasts: plain, or logarithms for a ratio.
        drawn: Deviations of the draws from their centre, on the same scale, ``[draws, groups]``.
        ratio: Which.
    """

    value: float
    shrunk: float
    rates: NDArray[np.float64]
    drawn: NDArray[np.float64]
    ratio: bool

    @classmethod
    def of(cls, family: list[Outcomes], *, ratio: bool) -> _Spread | None:
        """Nothing for the ratio of rates that are all zero."""
        rates = np.array([one.rate for one in family])
        if ratio and rates.max() == 0:
            return None
        smooth, drawn = _draws(family)
        if ratio:
            smooth, drawn, scale = np.log(smooth), np.log(drawn), np.log(np.maximum(rates, 1e-300))
        else:
            scale = rates
        sizes = np.array([effective_size(one.success, one.clusters) for one in family])
        value = rates.min() / rates.max() if ratio else rates.max() - rates.min()
        return cls(float(value), shrink(rates, sizes).spread, scale, drawn - smooth, ratio)

    def limits(self, confidence: float, joint: float) -> Limits:
        """Limits of the extremes' contrast, free of the luck of being picked.

        That some pair differs by less than the widest did is told by the largest deviation over all pairs; how far the
        widest true difference may reach, by each pair's own.
        """
        first, second = np.triu_indices(len(self.rates), 1)
        gaps = self.rates[first] - self.rates[second]
        errors = self.drawn[:, first] - self.drawn[:, second]
        near = float(np.quantile(np.abs(errors).max(axis=1), joint))
        tail = (1 - confidence) / 2
        ends = np.quantile(errors, [tail, 1 - tail], axis=0)
        far = float(np.maximum(gaps - ends[0], ends[1] - gaps).max())
        least, most = max(0.0, float(np.abs(gaps).max()) - near), far
        return (math.exp(-most), math.exp(-least)) if self.ratio else (least, min(1.0, most))


def _draws(family: list[Outcomes]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed rates ``[groups]`` and draws of them ``[draws, groups]``.

    Half a success and half a failure are added to each group: without them a rate of 0 or 1 would never move.
    """
    rng = np.random.default_rng(0)
    successes = np.array([one.success.sum() for one in family], dtype=float)
    trials = np.array([len(one.success) for one in family], dtype=float)
    smooth = (successes + 0.5) / (trials + 1)
    clusters = np.concatenate([one.clusters for one in family])
    if len(np.unique(clusters)) == len(clusters):
        drawn = rng.binomial(trials.astype(np.int64), smooth, size=(DRAWS, len(family)))
        return smooth, (drawn + 0.5) / (trials + 1)
    counts = draw_clustered(_by_unit(family, clusters), draws=DRAWS, rng=rng)
    return smooth, (counts[:, :, 1] + 0.5) / (counts.sum(axis=2) + 1)


def _by_unit(family: list[Outcomes], clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Failures and successes of each cluster in each group, ``[clusters, groups, 2]``."""
    _, codes = np.unique(clusters, return_inverse=True)
    groups = np.repeat(np.arange(len(family)), [len(one.success) for one in family])
    success = np.concatenate([one.success for one in family]).astype(np.int64)
    cells = (codes * len(family) + groups) * 2 + success
    return np.bincount(cells, minlength=2 * len(family) * (int(codes.max()) + 1)).reshape(-1, len(family), 2)
