from __future__ import annotations

import base64
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.ledger.entry import DecisionBody, VoidBody
from biasgate.gate.ledger.log import append, read_log
from biasgate.gate.policy import policy_text
from biasgate.gate.repeat import repeat
from biasgate.gate.trust.keyring import Role, trusted_keys
from biasgate.gate.trust.keys import read_signing_key
from biasgate.gate.trust.rotation import new_key, revoke_key
from biasgate.gate.trust.waiver import Waiver
from biasgate.gate.trust.waivers import Waivers, add_waiver, granted, present, read_waivers, sign_waiver

AT = datetime.now(UTC)
UNFAIR = {"aligned": 0.99, "conflicting": 0.80}


@pytest.fixture
def house(tmp_path: Path):
    """Keys of the gate and of two persons, by owner."""
    (tmp_path / "trusted").mkdir()
    keys = {}
    roles: dict[str, Role] = {"gate": "gate", "Cleo": "approver", "Dan": "breakglass"}
    for owner, role in roles.items():
        new_key(tmp_path / owner, trusted=tmp_path / "trusted", owner=owner, roles=[role])
        keys[owner] = read_signing_key((tmp_path / owner / "signing-key.pem").read_bytes(), where=owner)
    return keys


@pytest.fixture
def ring(house, tmp_path):
    return lambda: trusted_keys(tmp_path / "trusted")


@pytest.fixture
def waiver(policy):
    def build(**change) -> Waiver:
        usual = {"rule": "colour_gap", "policy": digest(policy), "model": "digits", "owner": "ben", "reason": "pilot"}
        return Waiver(**{**usual, "expires": AT + timedelta(days=9), "approved_by": "Cleo", **change})

    return build


@pytest.fixture
def decided(house, evidence, policy, tmp_path):
    """Writes a decision that was given these waivers into a log; gives what a reader then finds."""
    log = str(tmp_path / "log")

    def write(*presented, ring):
        found = evidence(**UNFAIR)
        decision = decide(policy, found, granted(presented), AT)
        body = DecisionBody(decision=decision, evidence=found, policy=policy_text("digits_demo"), waivers=presented)
        append(log, body, key=house["gate"])
        return read_log(log, ring())[-1].body

    return write


def test_a_signed_waiver_lifts_its_rule_and_is_read_back_from_the_entry(house, ring, waiver, decided):
    body = decided(*present([sign_waiver(waiver(), key=house["Cleo"])], ring()), ring=ring)
    assert body.decision.verdict == "APPROVED"
    assert body.expires == waiver().expires
    repeat(body, where="test")


@pytest.mark.parametrize(
    ("signer", "change", "why"),
    [
        ("gate", {}, "no role approver"),
        ("Dan", {"approved_by": "Dan"}, "no role approver"),
        ("Cleo", {"approved_by": "Bo"}, "in the name of Bo"),
    ],
)
def test_a_waiver_that_its_approver_did_not_sign_holds_nowhere(house, ring, waiver, decided, signer, change, why):
    presented = present([sign_waiver(waiver(**change), key=house[signer])], ring())
    assert why in presented[0].refusal
    assert decided(*presented, ring=ring).decision.verdict == "REJECTED"


def test_a_waiver_by_an_unknown_key_holds_nowhere(house, ring, waiver, tmp_path):
    new_key(tmp_path / "eve", trusted=tmp_path / "elsewhere", owner="Cleo", roles=["approver"])
    key = read_signing_key((tmp_path / "eve" / "signing-key.pem").read_bytes(), where="eve")
    assert "no trusted key" in (present([sign_waiver(waiver(), key=key)], ring())[0].refusal or "")


def test_a_gate_that_says_a_forged_waiver_counted_writes_a_void_entry(house, ring, waiver, decided):
    forged = present([sign_waiver(waiver(), key=house["gate"])], ring())[0]
    body = decided(forged.model_copy(update={"refusal": None}), ring=ring)
    assert isinstance(body, VoidBody)
    assert "waiver of colour_gap" in body.reason
    assert not body.revoked


def test_decisions_that_rest_on_a_stolen_approvers_key_are_void_after_the_last_believed_entry(
    house, ring, waiver, decided, tmp_path
):
    presented = present([sign_waiver(waiver(), key=house["Cleo"])], ring())
    assert isinstance(decided(*presented, ring=ring), DecisionBody)
    revoke_key(tmp_path / "trusted", house["Cleo"].public_key.keyid, reason="stolen", last_entry=1)
    body = decided(*presented, ring=ring)
    assert isinstance(body, VoidBody)
    assert body.revoked
    assert isinstance(read_log(str(tmp_path / "log"), ring())[0].body, DecisionBody)
    assert "stolen" in (present(presented, ring())[0].refusal or "")


@pytest.mark.parametrize(
    "change",
    [{"model": "other"}, {"policy": "sha256:" + "0" * 64}, {"rule": "worst_group"}, {"expires": AT}, {"owner": "cleo"}],
)
def test_a_well_signed_waiver_of_something_else_changes_nothing(house, ring, waiver, decided, change):
    presented = present([sign_waiver(waiver(**change), key=house["Cleo"])], ring())
    assert presented[0].refusal is None
    assert decided(*presented, ring=ring).decision.verdict == "REJECTED"


def test_waivers_are_collected_in_a_file_and_read_from_it_and_from_its_text(house, waiver, tmp_path):
    signed = [sign_waiver(waiver(rule=rule), key=house["Cleo"]) for rule in ("colour_gap", "worst_group")]
    for one in signed:
        add_waiver(tmp_path / "waivers.json", one)
    assert read_waivers(str(tmp_path / "waivers.json")) == tuple(signed)
    assert read_waivers((tmp_path / "waivers.json").read_text()) == tuple(signed)


def test_words_that_are_not_what_was_signed_are_refused(house, waiver, tmp_path):
    add_waiver(tmp_path / "waivers.json", sign_waiver(waiver(), key=house["Cleo"]))
    text = (tmp_path / "waivers.json").read_text()
    with pytest.raises(InputError, match="not the one in its envelope"):
        read_waivers(text.replace('"digits"', '"faces"'))


def test_an_envelope_that_was_changed_with_its_words_is_not_believed(house, ring, waiver):
    signed = sign_waiver(waiver(), key=house["Cleo"])
    statement = json.loads(base64.b64decode(signed.envelope.payload))
    statement["predicate"]["model"] = statement["subject"][0]["name"] = "faces"
    payload = base64.b64encode(json.dumps(statement).encode()).decode()
    forged = signed.model_copy(
        update={
            "waiver": waiver(model="faces"),
            "envelope": signed.envelope.model_copy(update={"payload": payload}),
        }
    )
    assert "no trusted key" in (present([forged], ring())[0].refusal or "")


def test_no_waivers_are_none():
    assert read_waivers("") == ()


PLAIN = "waivers:\n- {rule: gap, owner: ben, reason: r, expires: 2026-12-31T00:00:00Z, approved_by: cleo}\n"


@pytest.mark.parametrize("text", [PLAIN, "waivers:\n- {rule: gap}\n", "[1,\n", "no/such/file", "waivers:\n- gap\n"])
def test_waivers_that_cannot_be_read_or_are_not_signed_are_refused(text):
    with pytest.raises(InputError):
        read_waivers(text)


@pytest.mark.parametrize("payload", ["", "!", "e30=", "W10=", base64.b64encode(b"[" * 100_000).decode()])
def test_an_envelope_without_a_waiver_is_refused(house, waiver, payload):
    value = json.loads(Waivers(waivers=(sign_waiver(waiver(), key=house["Cleo"]),)).to_json())
    value["waivers"][0]["envelope"]["payload"] = payload
    with pytest.raises(InputError, match="no waiver"):
        Waivers.parse(json.dumps(value), where="test")


def test_waivers_that_are_signed_at_once_into_one_file_are_all_kept(tmp_path, house, waiver):
    signed = [sign_waiver(waiver(rule=f"rule {number}"), key=house["Cleo"]) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda one: add_waiver(tmp_path / "waivers.json", one), signed))
    assert {one.waiver.rule for one in read_waivers(str(tmp_path / "waivers.json"))} == {f"rule {n}" for n in range(8)}
