from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biasgate.errors import InputError, TrustError
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.checkpoint import take_checkpoint
from biasgate.gate.ledger.entry import ApprovalBody, DecisionBody, LookBody, PromotionBody, RollbackBody
from biasgate.gate.ledger.log import append
from biasgate.gate.ledger.proof import Proof, check_proof, prove
from biasgate.gate.policy import policy_text
from biasgate.gate.trust.keyring import Role, trusted_keys
from biasgate.gate.trust.keys import generate_key, read_signing_key
from biasgate.gate.trust.rotation import new_key, revoke_key


class House:
    """A log, and a key for each role."""

    def __init__(self, folder: Path, package: str, policy, evidence) -> None:
        self.log, self.folder = str(folder / "log"), folder / "trusted"
        self.package, self.policy, self.evidence = package, policy, evidence
        self.keys = {}
        roles: tuple[tuple[str, Role], ...] = (("gate", "gate"), ("promoter", "promoter"), ("Bo Ek", "approver"))
        for owner, role in roles:
            new_key(folder / role, trusted=self.folder, owner=owner, roles=(role,))
            file = folder / role / "signing-key.pem"
            self.keys[role] = read_signing_key(file.read_bytes(), where=role)

    @property
    def trusted(self):
        return trusted_keys(self.folder)

    def promoted(self, *, flagged=None, version: str = "1", champion=None) -> int:
        """Decides, has a person grant what waits for one, and promotes."""
        found = self.evidence(champion=champion, **({"scan": flagged} if flagged else {}))
        decision = decide(self.policy, found, (), datetime.now(UTC))
        body = DecisionBody(decision=decision, evidence=found, policy=policy_text("digits_demo"))
        number = append(self.log, body, key=self.keys["gate"]).number
        if decision.human:
            said = {"entry": number, "approver": "Bo Ek", "reason": "-", "name": "digits", "digest": self.package}
            append(self.log, ApprovalBody(**said), key=self.keys["approver"])
        made = {"entry": number, "status": "PROMOTED", "reason": "-", "name": "digits", "digest": self.package}
        append(self.log, PromotionBody(**made, version=version, replaced=champion), key=self.keys["promoter"])
        return number

    def looks(self, entries: int) -> None:
        for number in range(entries):
            append(self.log, LookBody(data=f"d{number}", name="digits", digest="sha256:1"), key=self.keys["gate"])

    def prove(self) -> Proof:
        return prove(self.log, "digits", key=self.keys["promoter"], trusted=self.trusted)

    def check(self, proof: Proof, **options):
        return check_proof(proof, self.package, **{"trusted": self.trusted, "where": "proof", **options})


@pytest.fixture
def house(tmp_path, make, policy, evidence) -> House:
    return House(tmp_path, make.MODEL, policy, evidence)


def changed(proof: Proof, **parts) -> Proof:
    return Proof.model_validate({**json.loads(proof.to_json()), **parts})


@pytest.mark.parametrize(("before", "after"), [(0, 0), (3, 0), (0, 5), (2, 4)])
def test_a_champion_is_proven_by_its_entries_alone(house, before, after):
    house.looks(before)
    number = house.promoted()
    house.looks(after)
    found = house.check(Proof.parse(house.prove().to_json(), where="proof"))
    assert (found.standing.version, found.authority.entry, found.persons) == ("1", number, ())
    assert found.standing.checkpoint.entries == before + 2 + after


def test_the_person_who_granted_it_is_proven_too(house, make):
    house.promoted(flagged=make.scan(flagged=0.9))
    proof = house.prove()
    assert house.check(proof).persons == ("Bo Ek",)
    without = [json.loads(entry.to_json()) for entry in proof.entries if entry.number != 2]
    with pytest.raises(TrustError, match="entry 2 is not in the proof"):
        house.check(changed(proof, entries=without))


def test_a_renewed_champion_is_proven_by_its_newest_approval(house):
    house.promoted()
    first = Champion(version="1", digest=house.package)
    number = house.promoted(champion=first)
    found = house.check(Proof.parse(house.prove().to_json(), where="proof"))
    assert (found.standing.version, found.authority.entry, found.standing.promotion) == ("1", number, number + 1)


def test_nothing_is_proven_of_a_model_that_does_not_serve(house):
    house.looks(1)
    with pytest.raises(InputError, match="no version"):
        house.prove()
    house.promoted()
    champion = Champion(version="1", digest=house.package)
    body = RollbackBody(name="digits", replaced=champion, by="Di", reason="complaints")
    append(house.log, body, key=house.keys["promoter"])
    with pytest.raises(InputError, match="no version"):
        house.prove()


def test_a_proof_is_about_one_package(house):
    house.promoted()
    with pytest.raises(TrustError, match="but the package is"):
        check_proof(house.prove(), "sha256:" + "9" * 64, trusted=house.trusted, where="proof")


@pytest.fixture
def later(monkeypatch):
    """Lets the verifier's clock show another time."""
    real = datetime.now(UTC)

    def at(**more: float) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return real + timedelta(**more)

        monkeypatch.setattr("biasgate.gate.ledger.proof.datetime", Clock)

    return at


@pytest.mark.parametrize(
    ("moment", "longest", "why"),
    [
        ({"hours": 25}, {"hours": 24}, "hours old"),
        ({"hours": 2}, {"hours": 1}, "hours old"),
        ({"hours": -1}, {"hours": 24}, "clocks is wrong"),
        ({"days": 200}, {"days": 300}, "expired"),
    ],
)
def test_a_proof_ends_with_its_age_and_with_what_it_rests_on(house, later, moment, longest, why):
    house.promoted()
    proof = house.prove()
    later(**moment)
    with pytest.raises(TrustError, match=why):
        house.check(proof, longest=timedelta(**longest))


def test_a_proof_of_another_log_than_the_kept_checkpoint_is_refused(house, tmp_path, make, policy, evidence):
    house.promoted()
    proof, kept = house.prove(), take_checkpoint(house.log, house.trusted)
    assert house.check(proof, kept=kept)
    house.looks(1)
    for other in (house.prove(), proof):
        kept = take_checkpoint(house.log, house.trusted) if other is proof else kept
        with pytest.raises(TrustError, match="another log, or entry"):
            house.check(other, kept=kept)


def test_only_a_promoter_proves(house):
    house.promoted()
    for role in ("gate", "approver"):
        with pytest.raises(TrustError, match="no role promoter"):
            prove(house.log, "digits", key=house.keys[role], trusted=house.trusted)
    proof = house.prove()
    revoke_key(house.folder, house.keys["promoter"].public_key.keyid, reason="stolen", last_entry=1)
    with pytest.raises(TrustError, match="compromised"):
        house.check(proof)


def test_entries_of_another_log_do_not_prove(house, tmp_path, make, policy, evidence):
    """A promoter's key alone cannot prove a package: each entry is signed by its own role, and lies in one tree."""
    house.promoted()
    proof = house.prove()
    house.looks(1)
    longer = house.prove()
    mixed = [json.loads(entry.to_json()) for entry in longer.entries]
    with pytest.raises(TrustError, match="not in the log of the checkpoint"):
        house.check(changed(proof, entries=mixed))
    first, second = (json.loads(entry.to_json()) for entry in proof.entries)
    swapped = [{**first, "envelope": second["envelope"]}, second]
    with pytest.raises(TrustError, match="not in the log of the checkpoint"):
        house.check(changed(proof, entries=swapped))


def test_a_proof_by_an_unknown_key_is_refused(house, tmp_path):
    house.promoted()
    proof = house.prove()
    generate_key(tmp_path / "stranger")
    with pytest.raises(TrustError, match="no trusted key"):
        house.check(proof, trusted=trusted_keys(tmp_path / "stranger" / "trusted"))
