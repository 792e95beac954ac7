"""Ratios: the smaller rate over the larger, pair by pair of the subgroups of one attribute combination."""

from __future__ import annotations

import numpy as np

from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.pairs import KEPT, Pair, pairs
from biasgate.evaluation.schema import EvaluationSpec, Ratio, combination
from biasgate.statistics.clustered import clustered_wilson, correlation, korn_graubard
from biasgate.statistics.estimate import Estimate
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.ratio import ratio_limits


def ratios(group: list[Outcomes], spec: EvaluationSpec) -> list[Ratio]:
    """Every pair of the subgroups of one metric and one attribute combination, the smallest ratio first.

    Of many pairs those with the lowest lower bounds are kept, and as many insufficient ones: see ``Evaluation``.
    """
    known, unknown = pairs(group, spec)
    level = bonferroni(spec.confidence, len(known))
    measured = [(pair, _ratio(pair, spec, simultaneous=level)) for pair in known if pair[0].rate > 0]
    first = sorted((ratio for _, ratio in measured), key=_lowest)[:KEPT]
    empty = [pair for pair in known if pair[0].rate == 0]
    return sorted(first, key=_value) + [_unknown(pair) for pair in empty + unknown][:KEPT]


def _unknown(pair: Pair) -> Ratio:
    higher, lower = pair
    return Ratio(
        metric=higher.metric,
        attribute=combination(higher.subgroup),
        higher=higher.subgroup,
        lower=lower.subgroup,
    )


def _ratio(pair: Pair, spec: EvaluationSpec, *, simultaneous: float) -> Ratio:
    higher, lower = pair
    shared = correlation(lower.success, lower.units, higher.success, higher.units)
    reported = [clustered_wilson(one.success, one.units, confidence=spec.confidence) for one in (lower, higher)]
    points = ((estimate.value, estimate.low, estimate.high) for estimate in reported)
    estimate = Estimate.within(
        _smaller(ratio_limits(*points, correlation=shared)),
        value=lower.rate / higher.rate,
        n=len(np.union1d(higher.units, lower.units)),
        method="mover",
        confidence=spec.confidence,
    )

    def decide(level: float) -> tuple[float, float]:
        """Units that both groups share may widen a bound, but never narrow it."""
        limits = [(one.rate, *korn_graubard(one.success, one.units, confidence=level)) for one in (lower, higher)]
        return _smaller(ratio_limits(limits[0], limits[1], correlation=min(0.0, shared)))

    return _unknown(pair).model_copy(
        update={"estimate": estimate, "bounds": decide(spec.confidence), "simultaneous": decide(simultaneous)}
    )


def _smaller(limits: tuple[float, float]) -> tuple[float, float]:
    """Limits of min(θ, 1/θ) from limits of θ, whose estimate is at most 1."""
    low, high = limits
    return min(low, 1 / high if high else 1.0), min(1.0, high)


def _lowest(ratio: Ratio) -> float:
    return ratio.bounds[0] if ratio.bounds else 0.0


def _value(ratio: Ratio) -> float:
    return ratio.estimate.value if ratio.estimate else 1.0
