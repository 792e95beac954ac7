"""Step that decides."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from biasgate.errors import TrustError
from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task
from biasgate.progress import emit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from biasgate.gate.declaration import Gate
    from biasgate.gate.evidence import Evidence
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.trust.keyring import Keyring
    from biasgate.gate.trust.waivers import Presented


@dataclass(frozen=True)
class Decided:
    """A decision, and what comes next.

    Attributes:
        verdict: APPROVED, REJECTED or INSUFFICIENT_EVIDENCE.
        next: ``repair`` when this rejection may be repaired, else ``done``.
        numbers: What a person compares between runs.
        about: What every document of the decision belongs to: candidate, digest, verdict, gate, log entry, MLflow run.
    """

    verdict: str
    next: str
    numbers: Mapping[str, float | str]
    about: Mapping[str, str | int]


def decide_candidate(
    *,
    source: str,
    gate: int,
    inspection: Path,
    scan: Path,
    evaluation: Path,
    run: str,
    entry: Path,
    report: Path,
    card: Path,
    record: Path | None = None,
    before: Path | None = None,
) -> Decided:
    """Joins the documents to evidence, decides by the declared policy, and appends the signed decision.

    The last decision closes the pipeline's run.

    Raises:
        TrustError: What was measured is not what the gate declares; nothing is written.
    """
    from biasgate.contracts.evaluation import Evaluation
    from biasgate.contracts.inspection import Inspection
    from biasgate.contracts.repair_record import RepairRecord
    from biasgate.contracts.scan import Scan
    from biasgate.gate.ledger.log import append, envelope
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.kubeflow.steps.declared import gate_of_run, log_uri
    from biasgate.kubeflow.steps.headline import about, decision_numbers
    from biasgate.registry.gate_run import tell_run
    from biasgate.registry.gathering import gather
    from biasgate.registry.tracking import finish_pipeline_run
    from biasgate.report.decision import decision_report
    from biasgate.report.model_card import model_card

    with task("decide_candidate", run=run) as tracked:
        inspected, log, trusted, key = Inspection.read(inspection), log_uri(), trusted_keys(), signing_key()
        declared = gate_of_run(gate, model=inspected.name)
        evidence = gather(
            source=source,
            inspection=inspected,
            scan=Scan.read(scan),
            evaluation=Evaluation.read(evaluation),
            repair=RepairRecord.read(record) if record else None,
            log=log,
            trusted=trusted,
        )
        body = _decided(evidence, declared.gate, number=gate, trusted=trusted, run=run)
        decision = body.decision
        written = append(log, body, key=key)
        earlier = Evaluation.read(before) if before else None
        rules, name, under = declared.gate.rules, f"{log} entry {written.number}", f"Measured under gate {gate}."
        page = decision_report(decision, evidence, rules, before=earlier, entry=name, gate=under, waivers=body.waivers)
        told = model_card(decision, evidence, rules, entry=name, signed_by=key.public_key.keyid)
        write(entry, envelope(log, written.number))
        write(report, page)
        write(card, told)
        emit(task="decide_candidate", state="decided", entry=written.number, report=str(report))
        tracked.log_params({"verdict": decision.verdict, "policy": decision.policy, "log_entry": written.number})
        tracked.log_text(page, "decision.html")
        tracked.log_text(told, "model_card.md")
        tracked.log_dict(body.model_dump(mode="json", by_alias=True), "decision.json")
        tell_run(run, body, entry=written.number, report=page, before=earlier)
    may_repair = decision.repairable and declared.gate.repair is not None
    if not may_repair:
        finish_pipeline_run(run)
    return Decided(
        verdict=decision.verdict,
        next="repair" if may_repair else "done",
        numbers=decision_numbers(decision),
        about={
            **about(source, digest=inspected.model, gate=gate, run=run),
            "verdict": decision.verdict,
            "log_entry": written.number,
        },
    )


def _decided(evidence: Evidence, gate: Gate, *, number: int, trusted: Keyring, run: str) -> DecisionBody:
    """The decision under a declared gate.

    Raises:
        TrustError: What was measured is not what the gate declares.
    """
    from datetime import UTC, datetime

    from biasgate.gate.decide import decide
    from biasgate.gate.ledger.conformity import departures
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.trust.waivers import granted
    from biasgate.registry.tracking import kubeflow_run

    at = datetime.now(UTC)
    waivers = _presented(gate, trusted, at)
    body = DecisionBody(
        gate=number,
        decision=decide(gate.rules, evidence, granted(waivers), at),
        evidence=evidence,
        policy=gate.policy,
        waivers=waivers,
        run=run,
        kubeflow_run=kubeflow_run(),
    )
    if departs := next(departures(body, gate), None):
        raise TrustError(f"gate {number} cannot lead to this decision: {departs}", where=evidence.candidate.source)
    return body


def _presented(gate: Gate, trusted: Keyring, at: datetime) -> tuple[Presented, ...]:
    """The waivers that the gate names a place for; those by persons who are no approvers of it do not count."""
    from biasgate.gate.trust.waivers import present, read_waivers

    signed = present(read_waivers(gate.waivers or ""), trusted, at=at)
    return tuple(
        one
        if one.refusal or gate.allows_approver(one.waiver.approved_by)
        else one.model_copy(update={"refusal": f"{one.waiver.approved_by} is no approver of the gate"})
        for one in signed
    )
