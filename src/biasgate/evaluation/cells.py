"""Cells: the rate of each subgroup, with what is reported and what decides."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.contracts.evaluation import Cell, EvaluationSpec
from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.clustered import clustered_wilson, korn_graubard
from biasgate.statistics.multiple import bonferroni


def cells(family: Sequence[Outcomes], spec: EvaluationSpec) -> list[Cell]:
    """One cell for each subgroup, and label, of one metric and one attribute combination."""
    sufficient = sum(outcomes.size >= spec.minimum for outcomes in family)
    return [_cell(outcomes, spec, simultaneous=bonferroni(spec.confidence, sufficient)) for outcomes in family]


def _cell(outcomes: Outcomes, spec: EvaluationSpec, *, simultaneous: float) -> Cell:
    cell = Cell(
        metric=outcomes.metric.name,
        label=outcomes.label,
        subgroup=outcomes.subgroup,
        successes=outcomes.successes,
        trials=outcomes.trials,
        clusters=outcomes.size,
        clustered=outcomes.clustered,
    )
    if outcomes.size < spec.minimum:
        return cell
    return cell.model_copy(
        update={
            "estimate": clustered_wilson(outcomes.sums, confidence=spec.confidence).model_copy(
                update={"decided_by": outcomes.decided_by}
            ),
            "bounds": korn_graubard(outcomes.sums, confidence=spec.confidence),
            "simultaneous": korn_graubard(outcomes.sums, confidence=simultaneous),
        }
    )
