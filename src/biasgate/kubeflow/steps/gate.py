"""Step that decides."""

from __future__ import annotations

from pathlib import Path

from biasgate.kubeflow.steps.files import write
from biasgate.kubeflow.steps.task import task


def decide_candidate(
    *,
    source: str,
    policy: str,
    inspection: Path,
    scan: Path,
    evaluation: Path,
    log: str,
    run: str,
    entry: Path,
    report: Path,
    card: Path,
    record: Path | None = None,
    before: Path | None = None,
    waivers: str = "",
) -> str:
    """Joins the documents to evidence, decides, and appends the signed decision; the last closes the pipeline's run.

    Returns:
        ``repair`` when this rejection may be repaired, else ``done``.
    """
    from datetime import UTC, datetime

    from biasgate.contracts.evaluation import Evaluation
    from biasgate.contracts.inspection import Inspection
    from biasgate.contracts.repair_record import RepairRecord
    from biasgate.contracts.scan import Scan
    from biasgate.gate.decide import decide
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.ledger.log import append, envelope
    from biasgate.gate.policy import policy_text, read_policy
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.gate.trust.keys import signing_key
    from biasgate.gate.trust.waivers import granted, present, read_waivers
    from biasgate.registry.gathering import gather
    from biasgate.registry.tracking import finish_pipeline_run
    from biasgate.report.decision import decision_report
    from biasgate.report.model_card import model_card

    with task("decide_candidate", run=run) as tracked:
        rules, trusted, key, at = read_policy(policy), trusted_keys(), signing_key(), datetime.now(UTC)
        presented = present(read_waivers(waivers), trusted, at=at)
        evidence = gather(
            source=source,
            inspection=Inspection.read(inspection),
            scan=Scan.read(scan),
            evaluation=Evaluation.read(evaluation),
            repair=RepairRecord.read(record) if record else None,
            log=log,
            trusted=trusted,
        )
        decision = decide(rules, evidence, granted(presented), at)
        body = DecisionBody(decision=decision, evidence=evidence, policy=policy_text(policy), waivers=presented)
        written = append(log, body, key=key)
        earlier = Evaluation.read(before) if before else None
        name = f"{log} entry {written.number}"
        page = decision_report(decision, evidence, rules, before=earlier, entry=name, waivers=presented)
        about = model_card(decision, evidence, rules, entry=name, signed_by=key.public_key.keyid)
        write(entry, envelope(log, written.number))
        write(report, page)
        write(card, about)
        tracked.log_params({"verdict": decision.verdict, "policy": decision.policy, "log_entry": written.number})
        tracked.log_text(page, "decision.html")
        tracked.log_text(about, "model_card.md")
        tracked.log_dict(body.model_dump(mode="json", by_alias=True), "decision.json")
    if decision.repairable:
        return "repair"
    finish_pipeline_run(run)
    return "done"
