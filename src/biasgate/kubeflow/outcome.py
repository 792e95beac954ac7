"""What a gate that ran on this machine decided, as its signed log says."""

from dataclasses import dataclass
from typing import Any

from biasgate.gate.decision import Decision, decisive
from biasgate.gate.policy import Policy


@dataclass(frozen=True)
class Outcome:
    """One decision of a run.

    Attributes:
        entry: Number of its entry in the log.
        decision: What was decided.
        policy: By which rules.
        report: File of the report for people.
    """

    entry: int
    decision: Decision
    policy: Policy
    report: str

    def plain(self) -> dict[str, Any]:
        """For ``--json``: the verdict, the three numbers that decided, and where to read on."""
        numbers = [result.model_dump(mode="json", exclude_none=True) for result in decisive(self.decision.rules)]
        said = {"entry": self.entry, "verdict": self.decision.verdict, "human": self.decision.human}
        return {**said, "reasons": list(self.decision.reasons), "decisive": numbers, "report": self.report}


def decided(events: list[dict[str, Any]]) -> list[Outcome]:
    """The decisions that the tasks of a run announced, in order, each read from the log.

    Raises:
        TrustError: The log does not verify.
    """
    from biasgate.gate.ledger.entry import DecisionBody
    from biasgate.gate.ledger.log import read_log
    from biasgate.gate.trust.keyring import trusted_keys
    from biasgate.kubeflow.steps.declared import log_uri

    reports = {event["entry"]: event["report"] for event in events if "entry" in event}
    if not reports:
        return []
    bodies = {entry.number: entry.body for entry in read_log(log_uri(), trusted_keys()) if entry.number in reports}
    return [
        Outcome(number, body.decision, Policy.parse(body.policy, where=f"entry {number}"), reports[number])
        for number, body in bodies.items()
        if isinstance(body, DecisionBody)
    ]
