"""Components that decide, and that end a run by the verdict."""

from typing import NamedTuple

from kfp import dsl

from biasgate.components.image import component


@component
def decide_candidate(
    source: str,
    gate: int,
    inspection: dsl.Input[dsl.Dataset],
    scan: dsl.Input[dsl.Dataset],
    evaluation: dsl.Input[dsl.Dataset],
    run: str,
    log_entry: dsl.Output[dsl.Dataset],
    decision_report: dsl.Output[dsl.HTML],
    model_card: dsl.Output[dsl.Markdown],
    decision: dsl.Output[dsl.Metrics],
    record: dsl.Input[dsl.Dataset] = None,
    before: dsl.Input[dsl.Dataset] = None,
) -> NamedTuple("Decided", [("Output", str), ("verdict", str), ("reason", str)]):
    """Joins what was measured, decides by the declared policy, and appends the signed decision; it promotes nothing.

    The candidate itself is neither opened nor run.

    Args:
        source: ``models:/<name>-candidates/<version>`` that the candidate came from.
        gate: Number of the entry that declares the gate.
        inspection: What the candidate's package is and says.
        scan: Scan of the candidate.
        evaluation: Evaluation of the candidate.
        run: MLflow run of the pipeline.
        log_entry: The signed log entry (DSSE envelope).
        decision_report: Decision, reasons and figures for people.
        model_card: Model card with the fields of the EU AI Act, Annex IV 2(g).
        decision: Verdict, first reason, and the numbers that it hangs on: what runs are compared by.
        record: Record of the repair that made this candidate.
        before: Evaluation of the candidate before the repair.

    Returns:
        ``verdict``: APPROVED, REJECTED or INSUFFICIENT_EVIDENCE. ``reason``: What decided most. ``Output``: What comes
        next, ``repair`` when the gate allows a repair of this rejection, else ``done``; KFP's local runner knows no
        condition on an output of another name.
    """
    from pathlib import Path

    from biasgate.kubeflow.steps.gate import decide_candidate

    decided = decide_candidate(
        source=source,
        gate=gate,
        inspection=Path(inspection.path),
        scan=Path(scan.path),
        evaluation=Path(evaluation.path),
        run=run,
        entry=Path(log_entry.path),
        report=Path(decision_report.path),
        card=Path(model_card.path),
        record=Path(record.path) if record else None,
        before=Path(before.path) if before else None,
    )
    for artifact in (log_entry, decision_report, model_card, decision):
        artifact.metadata.update({**decided.about, **decided.numbers})
    return decided.next, decided.verdict, str(decided.numbers["reason"])


@component
def require_approval(verdict: str, reason: str):
    """Fails unless a candidate is approved: for platforms where a rejection has to end a run as failed.

    Args:
        verdict: Of the last decision about it.
        reason: What decided most.
    """
    from biasgate.kubeflow.steps.approval import require_approval

    require_approval(verdict, reason)
