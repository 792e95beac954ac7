"""What the MLflow run of a gate says of a decision: what was judged, by what, each rule's number, bound and limit."""

from __future__ import annotations

import re

from biasgate.gate.ledger.entry import DecisionBody
from biasgate.registry.client import connect, explained
from biasgate.registry.tracking import Run

NOT_ALLOWED = re.compile(r"[^\w .-]", re.ASCII)
"""Signs that MLflow takes in no metric's name."""


def tell_run(run: str, body: DecisionBody, *, entry: int, report: str) -> None:
    """Writes a decision on the run, so that comparing two runs tells what got better.

    Metrics are named by the rule: ``<rule>/value``, ``/bound``, ``/limit``; a repaired candidate's are their next step.

    Args:
        run: Id of the run.
        body: The decision.
        entry: Its number in the log.
        report: Its page.
    """
    client, evidence, decision = connect(), body.evidence, body.decision
    again = evidence.repair is not None
    tracked = Run(id=run, client=client, prefix="repaired." if again else "")
    measured = evidence.evaluation
    tracked.log_params(
        {
            "candidate": evidence.candidate.source,
            "digest": evidence.candidate.digest,
            "gate": body.gate,
            "policy": decision.policy,
            "training_data": evidence.candidate.training_data,
            "test_data": measured.data if measured else None,
            "verdict": decision.verdict,
        }
    )
    numbers = {
        f"{NOT_ALLOWED.sub('_', result.rule)}/{name}": value
        for result in decision.rules
        for name, value in (("value", result.value), ("bound", result.bound), ("limit", result.threshold))
        if value is not None
    }
    tracked.log_metrics(numbers, step=int(again))
    tracked.log_text(report, "decision.html")
    with explained():
        client.set_tag(run, "biasgate.verdict", decision.verdict)
        client.set_tag(run, f"biasgate.{tracked.prefix}log_entry", str(entry))  # another one when it is decided anew
        client.set_tag(run, "mlflow.user", evidence.candidate.submitter)
