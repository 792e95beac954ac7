"""What was not tested: sentences generated from what the evidence does not hold."""

from __future__ import annotations

from typing import get_args

from biasgate.contracts.evaluation import Cell, Evaluation, MetricName
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy
from biasgate.report.suppression import FEW
from biasgate.report.text import of_label, subgroup, words

NAMED = 5
"""Small subgroups named before the rest is counted."""


def untested(evidence: Evidence, policy: Policy) -> list[str]:
    """One sentence for each thing that a reader might assume was tested and was not."""
    measured = _unmeasured(evidence.evaluation, policy) if evidence.evaluation else [_NO_EVALUATION]
    return [*measured, *_uncompared(evidence), _NEVER]


_NO_EVALUATION = "No subgroup was measured: the evidence holds no evaluation."
_NEVER = (
    "No rule covers robustness to corrupted or hostile inputs, privacy, or how people use the predictions; none of "
    "these was tested."
)


def _unmeasured(evaluation: Evaluation, policy: Policy) -> list[str]:
    groups = [sorted(cell.subgroup) for cell in evaluation.cells]
    attributes = sorted({name for group in groups for name in group})
    depth = max(map(len, groups), default=0)
    missing = sorted(set(policy.evaluation.attributes) - set(attributes))
    metrics = [words(m) for m in get_args(MetricName) if m not in {cell.metric for cell in evaluation.cells}]
    sentences = [
        f"Bias along any attribute other than {' and '.join(attributes) or 'none at all'} would not have been seen.",
        f"The policy asks for {', '.join(missing)}; no cell was measured for it." if missing else "",
        _intersections(attributes, depth),
        f"Not measured: {', '.join(metrics)}." if metrics else "",
        "" if evaluation.swap_rate else "The swap rate: no units were compared that differ in the attribute only.",
        _small([cell for cell in evaluation.cells if cell.estimate is None]),
        f"Everything was measured on one data set of {evaluation.units} units; other populations, sources and times "
        "were not.",
    ]
    return [sentence for sentence in sentences if sentence]


def _intersections(attributes: list[str], depth: int) -> str:
    if len(attributes) < 2:
        return "No intersection of attributes was measured."
    if depth < len(attributes):
        return (
            f"Intersections of more than {depth} of these attributes were not measured."
            if depth > 1
            else (f"Intersections of {' and '.join(attributes)} were not measured.")
        )
    return ""


def _small(cells: list[Cell]) -> str:
    if not cells:
        return ""
    named = [_few(cell) for cell in cells[:NAMED]]
    rest = f" and {len(cells) - NAMED} more" if len(cells) > NAMED else ""
    return f"Too few units for a value: {'; '.join(named)}{rest}."


def _few(cell: Cell) -> str:
    units = cell.units if cell.units >= FEW else f"<{FEW}"
    return f"{subgroup(cell.subgroup)} ({of_label(cell.metric, cell.label)}, n {units})"


def _uncompared(evidence: Evidence) -> list[str]:
    champion, measured = evidence.champion, evidence.evaluation
    compared = measured is not None and measured.champion is not None
    sentences = [
        f"The champion, version {champion.version}, was not measured beside the candidate."
        if champion and not compared
        else ""
        if champion
        else "There was no champion to compare with.",
        "" if evidence.scan else "The weights were not scanned.",
        "The weight scan abstained: it says nothing of this model."
        if evidence.scan and evidence.scan.abstained
        else "",
        "" if evidence.parity is not None else "The ONNX form was not compared with its source.",
    ]
    return [sentence for sentence in sentences if sentence]
