"""What was not tested: sentences generated from what the evidence does not hold."""

from __future__ import annotations

from collections.abc import Iterator

from biasgate.contracts.evaluation import Cell, Evaluation
from biasgate.contracts.unmeasured import unmeasured
from biasgate.contracts.wording import of_label, subgroup
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy
from biasgate.report.suppression import FEW
from biasgate.statistics.catalogue import METRICS

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


def _unmeasured(evaluation: Evaluation, policy: Policy) -> Iterator[str]:
    yield from unmeasured(evaluation, metrics=METRICS)
    attributes = {name for cell in evaluation.cells for name in cell.subgroup}
    if missing := sorted(set(policy.evaluation.attributes) - attributes):
        yield f"The policy asks for {', '.join(missing)}; no subgroup was measured for it."
    if few := [cell for cell in evaluation.cells if cell.estimate is None]:
        yield _small(few)


def _small(cells: list[Cell]) -> str:
    named = [_few(cell) for cell in cells[:NAMED]]
    rest = f" and {len(cells) - NAMED} more" if len(cells) > NAMED else ""
    return f"Too few clusters for a value: {'; '.join(named)}{rest}."


def _few(cell: Cell) -> str:
    clusters = cell.clusters if cell.clusters >= FEW else f"<{FEW}"
    return f"{subgroup(cell.subgroup)} ({of_label(cell.metric, cell.label)}, n {clusters})"


def _uncompared(evidence: Evidence) -> Iterator[str]:
    champion, measured = evidence.champion, evidence.evaluation
    if not evidence.ran:
        yield "The model was not run: its predictions were measured as they were handed over."
    if not champion:
        yield "There was no champion to compare with."
    elif measured is None or measured.champion is None:
        yield f"The champion, version {champion.version}, was not measured beside the candidate."
    if not evidence.scan:
        yield "The weights were not scanned."
    elif evidence.scan.abstained:
        yield "The weight scan abstained: it says nothing of this model."
    if evidence.parity is None:
        alone = evidence.has_source is False
        yield f"The ONNX form was not compared with its source{': the card declares none' if alone else ''}."
