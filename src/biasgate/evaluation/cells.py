"""Cells: the rate of each subgroup, with what is reported and what decides."""

from __future__ import annotations

from biasgate.contracts.evaluation import Cell, EvaluationSpec
from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.clustered import clustered_wilson, korn_graubard
from biasgate.statistics.multiple import bonferroni


def cells(group: list[Outcomes], spec: EvaluationSpec) -> list[Cell]:
    """One cell for each subgroup, and label, of one metric and one attribute combination."""
    sufficient = sum(outcomes.size >= spec.minimum for outcomes in group)
    return [_cell(outcomes, spec, simultaneous=bonferroni(spec.confidence, sufficient)) for outcomes in group]


def _cell(outcomes: Outcomes, spec: EvaluationSpec, *, simultaneous: float) -> Cell:
    cell = Cell(
        metric=outcomes.metric.name,
        label=outcomes.label,
        subgroup=outcomes.subgroup,
        successes=int(outcomes.success.sum()),
        trials=len(outcomes.success),
        clusters=outcomes.size,
        clustered=outcomes.clustered,
    )
    if outcomes.size < spec.minimum:
        return cell
    rows = (outcomes.success, outcomes.clusters)
    return cell.model_copy(
        update={
            "estimate": clustered_wilson(*rows, confidence=spec.confidence).model_copy(
                update={"decided_by": outcomes.decided_by}
            ),
            "bounds": korn_graubard(*rows, confidence=spec.confidence),
            "simultaneous": korn_graubard(*rows, confidence=simultaneous),
        }
    )
