"""Scores: numbers that are no rate of rows, in every subgroup."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import EvaluationSpec, Score, worth
from biasgate.evaluation.scored import Scored
from biasgate.statistics.multiple import bonferroni


def scores(family: Sequence[Scored], spec: EvaluationSpec) -> list[Score]:
    """One score for each subgroup and label of one metric and combination."""
    level = bonferroni(spec.proving, sum(one.number is not None for one in family))
    return [_score(one, spec, simultaneous=level) for one in family]


def _score(one: Scored, spec: EvaluationSpec, *, simultaneous: float) -> Score:
    score = Score(
        metric=one.metric.name,
        label=one.label,
        subgroup=one.subgroup,
        rows=one.rows,
        clusters=one.clusters,
        effective=worth(one.effective, one.clusters),
    )
    if one.number is None:
        return score
    bounds = one.bounds(spec.confidence)
    estimate = Estimate.within(
        bounds,
        value=one.number.value,
        n=one.clusters,
        method=one.number.method,
        decided_by=one.number.method,
        confidence=spec.confidence,
    )
    known = {"estimate": estimate, "bounds": bounds, "simultaneous": one.bounds(simultaneous)}
    return score.model_copy(update=known)
