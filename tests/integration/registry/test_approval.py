from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import ApprovalBody
from biasgate.gate.ledger.log import append, read_log

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


def test_a_pending_decision_serves_once_a_second_person_signed(submit, gate, registry):
    submit(flagged=True)
    (waiting,) = gate.promote()
    gate.answer(3)
    (outcome,) = gate.promote()
    assert (waiting.status, outcome.status, registry.champion) == ("PENDING", "PROMOTED", "1")
    assert "Bo approved: looked at it" in outcome.reason


def test_an_approval_before_the_promoter_looked_counts_too(submit, gate, registry):
    submit(flagged=True)
    gate.answer(3)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]


def test_a_declined_decision_is_failed_for_good(submit, gate, registry):
    submit(flagged=True)
    gate.answer(3, granted=False)
    with pytest.raises(InputError, match="Bo declined"):
        gate.answer(3)
    (outcome,) = gate.promote()
    assert (outcome.status, registry.versions) == ("FAILED", [])
    with pytest.raises(InputError, match="is final: FAILED"):
        gate.answer(3)


def test_the_submitter_cannot_approve_under_any_spelling(submit, gate, registry):
    submit(flagged=True)
    digest = gate.history().authorities[3].subject[1]
    for spelling in ("ana", "ANA ", "\uff41na"):
        body = ApprovalBody(entry=3, approver=spelling, reason="mine", name=registry.name, digest=digest)
        append(gate.log, body, key=gate.keys["Bo"])
    assert gate.history().answers == {}
    assert [outcome.status for outcome in gate.promote()] == ["PENDING"]


def test_a_person_signs_with_their_own_key_only(submit, gate):
    submit(flagged=True)
    body = ApprovalBody(entry=3, approver="Cy", reason="-", name="n", digest=gate.history().authorities[3].subject[1])
    for owner in ("gate", "promoter", "Cy", "Bo"):
        append(gate.log, body, key=gate.keys[owner])
    kinds = [entry.body.kind for entry in read_log(gate.log, gate.trusted)]
    assert kinds == ["gate", "look", "decision", *["void"] * 4]
    assert gate.history().answers == {}


@pytest.mark.parametrize("decided", [{}, {"accuracy": 0.5}], ids=["waits for nobody", "rejected"])
def test_only_what_waits_for_a_person_can_be_answered(submit, gate, decided):
    submit(**decided)
    with pytest.raises(InputError, match="does not wait for a person"):
        gate.answer(3)
    with pytest.raises(InputError, match="no such decision"):
        gate.answer(9)


def test_an_expired_decision_cannot_be_approved(submit, gate):
    submit(flagged=True, at=datetime.now(UTC) - timedelta(days=31))
    with pytest.raises(InputError, match="expired"):
        gate.answer(3)


def test_a_service_cannot_approve(submit, gate):
    submit(flagged=True)
    gate.keys["Bo"] = gate.keys["gate"]
    with pytest.raises(TrustError, match="no role approver"):
        gate.answer(3)
    assert len(read_log(gate.log, gate.trusted)) == 3
