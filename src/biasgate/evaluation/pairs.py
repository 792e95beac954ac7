"""Pairs of subgroups: which are compared, in which order, and how many are kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations, groupby
from typing import TypeVar

from biasgate.contracts.evaluation import MOST_PAIRS, EvaluationSpec, Gap, Ratio
from biasgate.evaluation.outcomes import Outcomes

P = TypeVar("P", Gap, Ratio)
Pair = tuple[Outcomes, Outcomes]
"""Two subgroups, the one with the higher rate first."""


def pairs(group: Sequence[Outcomes], spec: EvaluationSpec) -> tuple[list[Pair], list[Pair]]:
    """All pairs of the subgroups of one metric and combination: those with enough clusters, and the others.

    Subgroups of different labels are never compared.
    """
    labels = [list(one) for _, one in groupby(group, key=lambda outcomes: outcomes.label)]
    ordered = [_ordered(first, second) for one in labels for first, second in combinations(one, 2)]
    known = [pair for pair in ordered if _sufficient(pair, spec)]
    return known, [pair for pair in ordered if not _sufficient(pair, spec)]


def kept(found: list[P], most: Callable[[list[P]], list[P]]) -> list[P]:
    """Those pairs of each label that ``most`` keeps, label by label."""
    labels: dict[str | None, list[P]] = {}
    for pair in found:
        labels.setdefault(pair.label, []).append(pair)
    return [pair for one in labels.values() for pair in most(one)]


def widest(found: list[Gap]) -> list[Gap]:
    """At most ``MOST_PAIRS`` measured gaps, widest first, then at most as many insufficient ones."""
    measured, unknown = [gap for gap in found if gap.estimate], [gap for gap in found if not gap.estimate]

    def upper(gap: Gap) -> float:
        return gap.bounds[1] if gap.bounds else 1.0

    def width(gap: Gap) -> float:
        return gap.estimate.value if gap.estimate else 0.0

    first = sorted(measured, key=upper, reverse=True)[:MOST_PAIRS]
    return sorted(first, key=width, reverse=True) + unknown[:MOST_PAIRS]


def _ordered(first: Outcomes, second: Outcomes) -> Pair:
    if len(first.success) and len(second.success) and second.rate > first.rate:
        return second, first
    return first, second


def _sufficient(pair: Pair, spec: EvaluationSpec) -> bool:
    return all(outcomes.size >= spec.minimum for outcomes in pair)
