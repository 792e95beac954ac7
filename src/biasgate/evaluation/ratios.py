"""Ratios: the smaller rate over the larger, pair by pair of the subgroups of one attribute combination."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import MOST_PAIRS, EvaluationSpec, Ratio
from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.pairs import Limits, Pair, Pairs, at, insufficient, kept, named
from biasgate.statistics.multiple import bonferroni
from biasgate.statistics.two_rates import Point, ratio_limits


def ratios(family: Sequence[Outcomes], pairs: Pairs, spec: EvaluationSpec) -> list[Ratio]:
    """Every pair of the subgroups of one metric and one attribute combination, label by label, the smallest first.

    Of many pairs those with the lowest lower bounds are kept, those with the highest rate of all, which impact ratios
    are relative to, and as many insufficient ones as of the first: see ``Evaluation``.
    """
    none = [pairs.pair(place) for place in np.flatnonzero(pairs.rates[pairs.higher] == 0).tolist()]
    few = insufficient(family, spec, given=pairs.given)
    return kept([*_measured(pairs, spec), *(_unknown(pair, pairs.given) for pair in (*none, *few))], _smallest)


def _measured(pairs: Pairs, spec: EvaluationSpec) -> list[Ratio]:
    """The pairs of which one has successes; clusters that both share may widen what decides, but never narrow it."""
    some = pairs.rates[pairs.higher] > 0
    if not some.any():
        return []
    widening = np.minimum(0.0, pairs.correlation)
    level = bonferroni(spec.proving, len(pairs))
    reported = smaller(*pairs.points(spec.confidence), correlation=pairs.correlation)
    bounds = smaller(*pairs.points(spec.confidence), correlation=widening)
    simultaneous = smaller(*pairs.points(level), correlation=widening)

    def ratio(place: int) -> Ratio:
        higher, lower = pair = pairs.pair(place)
        method = "worst share, clopper-pearson" if higher.sums.plain and lower.sums.plain else "worst share, gaffke"
        estimate = Estimate.within(
            at(reported, place),
            value=lower.rate / higher.rate,
            n=int(higher.size + lower.size - pairs.common[place]),
            method=method,
            decided_by=method,
            confidence=spec.confidence,
        )
        known = {"estimate": estimate, "bounds": at(bounds, place), "simultaneous": at(simultaneous, place)}
        return _unknown(pair, pairs.given).model_copy(update=known)

    places = dict.fromkeys([*pairs.first(np.where(some, bounds[0], np.inf)), *_with_the_highest(pairs)])
    return [ratio(place) for place in places if some[place]]


def _with_the_highest(pairs: Pairs) -> list[int]:
    """Of each label the pairs with the first subgroup whose rate is the highest."""
    found: list[int] = []
    for label in np.unique(pairs.labels):
        places = np.flatnonzero(pairs.labels == label)
        compared = np.union1d(pairs.higher[places], pairs.lower[places])
        top = compared[np.argmax(pairs.rates[compared])]
        found += places[(pairs.higher[places] == top) | (pairs.lower[places] == top)].tolist()
    return found


def _unknown(pair: Pair, given: tuple[str, ...]) -> Ratio:
    return Ratio(**named(*pair, given))


def smaller(higher: Point, lower: Point, *, correlation: np.ndarray) -> Limits:
    """Limits of min(θ, 1/θ) for θ = lower / higher, whose estimate is at most 1."""
    low, high = ratio_limits(lower, higher, correlation=correlation)
    with np.errstate(divide="ignore"):
        inverse = np.where(high > 0, 1 / high, 1.0)
    return np.minimum(low, inverse), np.minimum(1.0, high)


def _value(ratio: Ratio) -> float:
    return ratio.estimate.value if ratio.estimate else 1.0


def _smallest(found: list[Ratio]) -> list[Ratio]:
    """The measured ratios, smallest first, then at most ``MOST_PAIRS`` insufficient ones."""
    measured, unknown = [one for one in found if one.estimate], [one for one in found if not one.estimate]
    return sorted(measured, key=_value) + unknown[:MOST_PAIRS]
