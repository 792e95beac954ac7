"""Gates in the log: who may declare them, which is in force, and what that does to decisions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from biasgate.errors import InputError, TrustError
from biasgate.gate.decide import decide
from biasgate.gate.declaration import Gate, GateFile, pinned
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger import declare as declaring
from biasgate.gate.ledger.declare import Declared, declare
from biasgate.gate.ledger.entry import (
    ApprovalBody,
    Body,
    DecisionBody,
    GateBody,
    LogEntry,
    LookBody,
    PromotionBody,
    VoidBody,
)
from biasgate.gate.ledger.history import History, measured_under, refusal_of_decision, replay, superseded, take
from biasgate.gate.ledger.log import append, read_log
from biasgate.gate.policy import policy_text, read_policy
from biasgate.gate.trust.keyring import Keyring, KeyRules, Role, trusted_keys, write_rules
from biasgate.gate.trust.keys import read_signing_key
from biasgate.gate.trust.rotation import new_key, revoke_key

if TYPE_CHECKING:
    from biasgate.gate.trust.keys import SigningKey

AT = datetime(2026, 11, 22, tzinfo=UTC)
DATA = {"test": "sha256:gate", "repair": "sha256:repair", "easy": "sha256:easy"}
MODEL = "sha256:" + "1" * 64


def gate(**changed: Any) -> Gate:
    said = {"schema": "biasgate/gate/v1", "model": "digits", "policy": "digits_demo", "test": "test", **changed}
    return pinned(GateFile.build(said, where="test"), pin=lambda source: (f"{source}\n", DATA[source]))


@pytest.fixture
def key_of(tmp_path: Path) -> Callable[..., SigningKey]:
    """Makes a key with one role."""

    def make(owner: str, role: Role) -> SigningKey:
        new_key(tmp_path / owner, trusted=tmp_path / "trusted", owner=owner, roles=[role])
        return read_signing_key((tmp_path / owner / "signing-key.pem").read_bytes(), where=owner)

    return make


@pytest.fixture
def owner(key_of) -> SigningKey:
    return key_of("Ana", "owner")


@pytest.fixture
def keyring(owner, tmp_path: Path) -> Keyring:
    return trusted_keys(tmp_path / "trusted")


@pytest.fixture
def log_uri(tmp_path: Path) -> str:
    return str(tmp_path / "log")


def in_force(log: str, trusted: Keyring) -> int | None:
    return replay(read_log(log, trusted)).in_force.get("digits")


def test_a_declared_gate_is_in_force_until_the_next_and_the_log_keeps_both(log_uri, owner, keyring):
    first = declare(log_uri, gate(), key=owner, trusted=keyring)
    second = declare(log_uri, gate(test="easy"), key=owner, trusted=keyring)
    assert (first.entry, second.entry, second.body.replaces, second.body.by) == (1, 2, 1, "Ana")
    history = replay(read_log(log_uri, keyring))
    assert history.gate("digits") == (2, second.body)
    assert [body.gate for body in history.gates.values()] == [gate(), gate(test="easy")]


def test_the_same_gate_twice_is_one_declaration(log_uri, owner, keyring):
    declare(log_uri, gate(), key=owner, trusted=keyring)
    again = declare(log_uri, gate(), key=owner, trusted=keyring)
    assert (again.entry, again.new, len(read_log(log_uri, keyring))) == (1, False, 1)


def test_each_model_has_a_gate_of_its_own(log_uri, owner, keyring):
    for model in ("digits", "letters"):
        declare(log_uri, gate(model=model), key=owner, trusted=keyring)
    assert replay(read_log(log_uri, keyring)).in_force == {"digits": 1, "letters": 2}


@pytest.mark.parametrize("role", ["gate", "promoter", "approver", "breakglass"])
def test_a_key_of_another_role_declares_nothing_and_what_it_signs_is_void(log_uri, keyring, key_of, tmp_path, role):
    key = key_of("Eve", role)
    trusted = trusted_keys(tmp_path / "trusted")
    with pytest.raises(TrustError, match="no role owner"):
        declare(log_uri, gate(), key=key, trusted=trusted)
    append(log_uri, GateBody(gate=gate(), by="Eve"), key=key)
    (entry,) = read_log(log_uri, trusted)
    assert isinstance(entry.body, VoidBody)
    assert in_force(log_uri, trusted) is None


def test_an_owner_signs_in_no_other_name(log_uri, owner, keyring):
    append(log_uri, GateBody(gate=gate(), by="Bo"), key=owner)
    assert in_force(log_uri, keyring) is None


def test_an_owners_key_that_expired_declares_nothing(log_uri, owner, keyring, tmp_path):
    keyid = owner.public_key.keyid
    rules = KeyRules(owner="Ana", roles=("owner",), valid_until=datetime.now(UTC) - timedelta(days=1))
    write_rules(tmp_path / "trusted", {keyid: rules})
    ended = trusted_keys(tmp_path / "trusted")
    with pytest.raises(TrustError, match="not valid"):
        declare(log_uri, gate(), key=owner, trusted=ended)
    append(log_uri, GateBody(gate=gate(), by="Ana"), key=owner)
    assert in_force(log_uri, ended) is None


def test_what_a_compromised_key_declared_is_void_and_the_gate_before_is_in_force(log_uri, owner, keyring, tmp_path):
    declare(log_uri, gate(), key=owner, trusted=keyring)
    declare(log_uri, gate(test="easy"), key=owner, trusted=keyring)
    revoke_key(tmp_path / "trusted", owner.public_key.keyid, reason="stolen", last_entry=1)
    assert in_force(log_uri, trusted_keys(tmp_path / "trusted")) == 1


def test_of_two_declarations_that_race_the_first_is_in_force_and_the_second_owner_hears_of_it(
    log_uri, owner, keyring, monkeypatch
):
    def slow(log: str, body: Body, *, key: SigningKey) -> LogEntry:
        monkeypatch.setattr(declaring, "append", append)
        declare(log_uri, gate(test="easy"), key=owner, trusted=keyring)
        return append(log, body, key=key)

    monkeypatch.setattr(declaring, "append", slow)
    with pytest.raises(InputError, match="another declaration came in between"):
        declare(log_uri, gate(), key=owner, trusted=keyring)
    assert in_force(log_uri, keyring) == 1
    assert declare(log_uri, gate(), key=owner, trusted=keyring) == Declared(
        entry=3, body=GateBody(gate=gate(), by="Ana", replaces=1), new=True
    )


# What a declaration does to decisions


def entries(*bodies: Body) -> tuple[LogEntry, ...]:
    return tuple(LogEntry(number=number, at=AT, body=body) for number, body in enumerate(bodies, start=1))


def replayed(*bodies: Body, looked: bool = True) -> History:
    """What bodies add up to, by default after a look at the gate's test data."""
    history = History(looks={DATA["test"]: {MODEL: 0}} if looked else {})
    for entry in entries(*bodies):
        take(entry, history)
    return history


def declared(gate_: Gate, replaces: int | None = None) -> GateBody:
    return GateBody(gate=gate_, by="Ana", replaces=replaces)


@pytest.fixture
def decided(evidence):
    """A decision under a gate; what is named changes the evidence."""

    def build(gate_: int | None, policy: str = "digits_demo", **named: Any) -> DecisionBody:
        found, text = evidence(**named), policy_text(policy)
        decision = decide(read_policy(policy), found, (), AT)
        return DecisionBody(gate=gate_, decision=decision, evidence=found, policy=text)

    return build


@pytest.fixture
def promotion(make):
    def build(entry: int) -> PromotionBody:
        return PromotionBody(entry=entry, status="PROMOTED", reason="-", name="digits", digest=make.MODEL, version="1")

    return build


def serves(history: History) -> bool:
    return "digits" in history.champions


def test_a_decision_under_the_gate_in_force_is_promoted(decided, promotion):
    history = replayed(declared(gate()), decided(1), promotion(2))
    assert serves(history)
    assert refusal_of_decision(history.authorities[2], history) is None


@pytest.mark.parametrize(
    ("made_under", "before", "why"),
    [
        (None, [gate()], "before a gate was declared"),
        (1, [gate(), gate(test="easy")], "gate 2 is in force"),
        (1, [gate(model="letters"), gate()], "gate 2 is in force"),
        (1, [gate(model="letters")], "No gate is declared for digits"),
        (2, [gate()], "gate 1 is in force"),
        (1, [gate(test="easy")], "other test data"),
        (1, [gate(policy="impact_ratio")], "another policy"),
    ],
)
def test_a_decision_under_another_gate_or_none_is_not_promoted(decided, promotion, made_under, before, why):
    earlier: dict[str, int] = {}
    bodies: list[Body] = []
    for number, one in enumerate(before, start=1):
        bodies.append(declared(one, earlier.get(one.model)))
        earlier[one.model] = number
    number = len(bodies) + 1
    history = replayed(*bodies, decided(made_under), promotion(number))
    assert not serves(history)
    assert why in (refusal_of_decision(history.authorities[number], history) or "")


def test_a_decision_cannot_name_a_gate_that_comes_after_it(decided, promotion):
    history = replayed(decided(2), declared(gate()), promotion(1))
    assert not serves(history)


def test_a_decision_that_no_look_precedes_is_not_promoted(decided, promotion, make):
    look = LookBody(name="digits", digest=make.MODEL, data=DATA["test"])
    history = replayed(declared(gate()), decided(1), look, promotion(2), looked=False)
    assert not serves(history)
    assert "no look of this candidate" in (refusal_of_decision(history.authorities[2], history) or "")


def test_without_a_scan_only_a_gate_that_declares_none_is_kept(decided, promotion):
    for scan, expected in (("bundled", False), ("none", True)):
        history = replayed(declared(gate(scan=scan)), decided(1, scan=None), promotion(2))
        why = refusal_of_decision(history.authorities[2], history)
        assert (why is None) == expected


def test_what_was_promoted_before_the_first_declaration_stays_and_nothing_more_comes_that_way(decided, promotion, make):
    older = [decided(None), promotion(1)]
    history = replayed(*older, declared(gate()))
    assert history.champions == {"digits": Champion(version="1", digest=make.MODEL)}
    assert history.standings["digits", "1"].refusal(AT) is None
    late = replayed(decided(None), declared(gate()), promotion(1))
    assert not serves(late)


def test_a_champion_stays_when_its_gate_is_replaced_and_the_sentence_says_so(decided, promotion):
    decision = decided(1)
    history = replayed(declared(gate()), decision, promotion(2), declared(gate(test="easy"), replaces=1))
    assert serves(history)
    assert superseded(decision, history)
    assert measured_under(decision, history) == "Measured under gate 1; gate 4 is in force."
    assert measured_under(decided(4), history) == "Measured under gate 4."
    assert measured_under(decided(None), history) == "Measured before a gate was declared; gate 4 is in force."


def test_only_an_approver_of_the_gate_answers_for_it(decided, make):
    def answer(person: str) -> ApprovalBody:
        return ApprovalBody(entry=2, approver=person, reason="-", name="digits", digest=make.MODEL)

    flagged = decided(1, scan=make.scan(0.9))
    named = declared(gate(approvers=["Bo Ek"]))
    assert replayed(named, flagged, answer("bo  ek")).answers
    assert not replayed(named, flagged, answer("Cy")).answers
    assert replayed(declared(gate()), flagged, answer("Cy")).answers
