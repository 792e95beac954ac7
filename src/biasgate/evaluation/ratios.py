"""Ratios: the smaller rate over the larger, pair by pair of the subgroups of one attribute combination."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import MOST_PAIRS, EvaluationSpec, Ratio, combination
from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.pairs import Pair, kept, pairs
from biasgate.statistics.clustered import clustered_wilson, correlation, korn_graubard
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.ratio import Point, ratio_limits


def ratios(group: list[Outcomes], spec: EvaluationSpec) -> list[Ratio]:
    """Every pair of the subgroups of one metric and one attribute combination, label by label, the smallest first.

    Of many pairs those with the lowest lower bounds are kept, and as many insufficient ones: see ``Evaluation``.
    """
    known, unknown = pairs(group, spec)
    level = bonferroni(spec.confidence, len(known))
    limits = {one: _Limits.of(one, spec, simultaneous=level) for one in group if one.size >= spec.minimum}
    measured = [_ratio(pair, limits, spec) for pair in known if pair[0].rate > 0]
    empty = [pair for pair in known if pair[0].rate == 0]
    return kept(measured + [_unknown(pair) for pair in empty + unknown], _kept)


@dataclass(frozen=True)
class _Limits:
    """One subgroup's rate with the limits that are reported, that approve and that prove."""

    reported: Point
    approving: Point
    proving: Point

    @classmethod
    def of(cls, found: Outcomes, spec: EvaluationSpec, *, simultaneous: float) -> _Limits:
        rows = (found.success, found.clusters)
        wilson = clustered_wilson(*rows, confidence=spec.confidence)
        return cls(
            reported=(found.rate, wilson.low, wilson.high),
            approving=(found.rate, *korn_graubard(*rows, confidence=spec.confidence)),
            proving=(found.rate, *korn_graubard(*rows, confidence=simultaneous)),
        )


def _unknown(pair: Pair) -> Ratio:
    higher, lower = pair
    return Ratio(
        metric=higher.metric.name,
        label=higher.label,
        attribute=combination(higher.subgroup),
        higher=higher.subgroup,
        lower=lower.subgroup,
    )


def _ratio(pair: Pair, limits: Mapping[Outcomes, _Limits], spec: EvaluationSpec) -> Ratio:
    """Clusters that both groups share may widen what decides, but never narrow it."""
    higher, lower = pair
    top, bottom = limits[higher], limits[lower]
    shared = correlation(lower.success, lower.clusters, higher.success, higher.clusters)
    widening = min(0.0, shared)
    estimate = Estimate.within(
        _smaller(ratio_limits(bottom.reported, top.reported, correlation=shared)),
        value=lower.rate / higher.rate,
        n=len(np.union1d(higher.clusters, lower.clusters)),
        method="mover",
        decided_by="mover, korn-graubard",
        confidence=spec.confidence,
    )
    return _unknown(pair).model_copy(
        update={
            "estimate": estimate,
            "bounds": _smaller(ratio_limits(bottom.approving, top.approving, correlation=widening)),
            "simultaneous": _smaller(ratio_limits(bottom.proving, top.proving, correlation=widening)),
        }
    )


def _smaller(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of min(θ, 1/θ) from limits of θ, whose estimate is at most 1."""
    low, high = limits
    return min(low, 1 / high if high else 1.0), min(1.0, high)


def _lowest(ratio: Ratio) -> float:
    return ratio.bounds[0] if ratio.bounds else 0.0


def _value(ratio: Ratio) -> float:
    return ratio.estimate.value if ratio.estimate else 1.0


def _kept(found: list[Ratio]) -> list[Ratio]:
    """At most ``MOST_PAIRS`` measured ratios, smallest first, then at most as many insufficient ones."""
    measured, unknown = [one for one in found if one.estimate], [one for one in found if not one.estimate]
    return sorted(sorted(measured, key=_lowest)[:MOST_PAIRS], key=_value) + unknown[:MOST_PAIRS]
