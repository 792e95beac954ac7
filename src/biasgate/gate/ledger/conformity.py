"""Whether a decision is one that a gate can have led to: by its policy, on its data, waived by its approvers."""

from __future__ import annotations

from collections.abc import Iterator

from biasgate.contracts.scan import UNREAD
from biasgate.gate.declaration import Gate
from biasgate.gate.ledger.entry import DecisionBody


def departures(decision: DecisionBody, gate: Gate) -> Iterator[str]:
    """In what a decision departs from a gate, each in a clause; none when it conforms.

    A decision carries digests of all that it rests on, so that this takes the two documents and nothing else.
    """
    evidence = decision.evidence
    if evidence.candidate.name != gate.model:
        yield f"the gate is that of {gate.model}, not of {evidence.candidate.name}"
    if decision.decision.policy != gate.policy_digest:
        yield "it was decided by another policy than the gate declares"
    if evidence.evaluation and evidence.evaluation.data != gate.test.digest:
        yield "it was measured on other test data than the gate declares"
    if evidence.repair and (gate.repair is None or evidence.repair.data != gate.repair.digest):
        yield "it was repaired with other data than the gate declares"
    if gate.scan != UNREAD and evidence.ran and (evidence.scan is None or evidence.scan.meta_classifier == UNREAD):
        yield "its weights were not scanned, as the gate declares"
    for waiver in decision.granted:
        if not gate.allows_approver(waiver.approved_by):
            yield f"{waiver.approved_by}, who waived {waiver.rule}, is no approver of the gate"
