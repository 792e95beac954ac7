"""The difference between two subgroups, by the method that their clusters allow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.clustered import clustered_wilson, correlation, deciding_size, korn_graubard
from biasgate.statistics.intervals import exact_difference, newcombe, score_test, square_and_add
from biasgate.statistics.paired import Pairs, exact_paired, mcnemar, newcombe_paired

Limits = tuple[float, float]


@dataclass(frozen=True)
class Contrast:
    """How the difference of two rates is reported, decided and tested.

    Attributes:
        method: Of the reported interval.
        decided_by: Method of the limits that decide.
        reported: Limits of the signed difference.
        decide: From a two-sided confidence to the limits that decide.
        p_value: Test of no difference.
        paired: True for twins.
    """

    method: str
    decided_by: str
    reported: Limits
    decide: Callable[[float], Limits]
    p_value: float
    paired: bool = False


def contrast(first: Outcomes, second: Outcomes, *, confidence: float) -> Contrast:
    """Paired for twins (the same clusters, one trial each), independent for disjoint clusters, else clustered."""
    if first.clustered or second.clustered:
        return _clustered(first, second, confidence=confidence)
    if np.array_equal(first.clusters, second.clusters):
        return _paired(first, second, confidence=confidence)
    if np.intersect1d(first.clusters, second.clusters).size:
        return _clustered(first, second, confidence=confidence)
    return _independent(first, second, confidence=confidence)


def _paired(first: Outcomes, second: Outcomes, *, confidence: float) -> Contrast:
    pairs = Pairs.count(first.success, second.success)
    return Contrast(
        method="newcombe, paired",
        decided_by="square-and-add, clopper-pearson",
        reported=newcombe_paired(pairs, confidence=confidence),
        decide=lambda level: exact_paired(pairs, confidence=level),
        p_value=mcnemar(pairs),
        paired=True,
    )


def _independent(first: Outcomes, second: Outcomes, *, confidence: float) -> Contrast:
    successes = (int(first.success.sum()), int(second.success.sum()))
    trials = (len(first.success), len(second.success))
    return Contrast(
        method="newcombe",
        decided_by="square-and-add, clopper-pearson",
        reported=newcombe(successes, trials, confidence=confidence),
        decide=lambda level: exact_difference(successes, trials, confidence=level),
        p_value=score_test(successes, trials),
    )


def _clustered(first: Outcomes, second: Outcomes, *, confidence: float) -> Contrast:
    """Square-and-add over each rate's own clustered limits; to decide, shared clusters may widen but never narrow."""
    shared = correlation(first.success, first.clusters, second.success, second.clusters)
    both = (first, second)
    estimates = [clustered_wilson(one.success, one.clusters, confidence=confidence) for one in both]

    def decide(level: float) -> Limits:
        bounds = [(one.rate, *korn_graubard(one.success, one.clusters, confidence=level)) for one in both]
        return square_and_add(bounds[0], bounds[1], correlation=min(0.0, shared))

    sizes = [deciding_size(one.success, one.clusters, confidence=confidence) for one in both]
    return Contrast(
        method="square-and-add, clustered",
        decided_by="square-and-add, korn-graubard",
        reported=square_and_add(
            *((estimate.value, estimate.low, estimate.high) for estimate in estimates), correlation=shared
        ),
        decide=decide,
        p_value=score_test(
            (first.rate * sizes[0], second.rate * sizes[1]), (sizes[0], sizes[1]), correlation=min(0.0, shared)
        ),
    )
