"""Pairs of subgroups: which are compared, in which order, and how many are kept."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from biasgate.evaluation.outcomes import Outcomes
from biasgate.evaluation.schema import EvaluationSpec

Pair = tuple[Outcomes, Outcomes]
"""Two subgroups, the one with the higher rate first."""


def pairs(group: Sequence[Outcomes], spec: EvaluationSpec) -> tuple[list[Pair], list[Pair]]:
    """All pairs of the subgroups of one metric and combination: those with enough units, and the others."""
    ordered = [_ordered(first, second) for first, second in combinations(group, 2)]
    known = [pair for pair in ordered if _sufficient(pair, spec)]
    return known, [pair for pair in ordered if not _sufficient(pair, spec)]


def _ordered(first: Outcomes, second: Outcomes) -> Pair:
    if len(first.success) and len(second.success) and second.rate > first.rate:
        return second, first
    return first, second


def _sufficient(pair: Pair, spec: EvaluationSpec) -> bool:
    return all(outcomes.size >= spec.minimum for outcomes in pair)
