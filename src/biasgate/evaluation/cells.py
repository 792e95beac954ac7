"""Cells: the rate of each subgroup, with the bounds that are reported and decide."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.contracts.evaluation import Cell, EvaluationSpec, worth
from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.clustered import rate_bounds, rate_estimate
from biasgate.statistics.multiple import bonferroni


def cells(family: Sequence[Outcomes], spec: EvaluationSpec) -> list[Cell]:
    """One cell for each subgroup, and label, of one metric and one attribute combination."""
    sufficient = sum(outcomes.sufficient >= spec.minimum for outcomes in family)
    return [_cell(outcomes, spec, simultaneous=bonferroni(spec.proving, sufficient)) for outcomes in family]


def _cell(outcomes: Outcomes, spec: EvaluationSpec, *, simultaneous: float) -> Cell:
    cell = Cell(
        metric=outcomes.metric.name,
        label=outcomes.label,
        subgroup=outcomes.subgroup,
        successes=outcomes.successes,
        trials=outcomes.trials,
        clusters=outcomes.size,
        effective=worth(outcomes.sufficient, outcomes.size),
        clustered=outcomes.clustered,
    )
    if outcomes.sufficient < spec.minimum:
        return cell
    return cell.model_copy(
        update={
            "estimate": rate_estimate(outcomes.sums, confidence=spec.confidence),
            "bounds": rate_bounds(outcomes.sums, confidence=spec.confidence),
            "simultaneous": rate_bounds(outcomes.sums, confidence=simultaneous),
        }
    )
