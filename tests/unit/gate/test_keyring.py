from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest

from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import LookBody, PromotionBody, VoidBody
from biasgate.gate.ledger.log import append, read_history, read_log
from biasgate.gate.ledger.looks import look_number
from biasgate.gate.trust.keyring import FILE, KeyRules, Revocation, trusted_keys
from biasgate.gate.trust.keys import generate_key, read_signing_key
from biasgate.gate.trust.rotation import new_key, revoke_key

AT = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
LOOK = LookBody(data="sha256:gate", name="digits", digest="sha256:" + "1" * 64)


def refused(rules: KeyRules, *, at: datetime = AT, number: int | None = 5) -> bool:
    return rules.refusal("gate", signer=None, at=at, number=number) is not None


def rules(**named) -> KeyRules:
    return KeyRules(**{"owner": "gate", "roles": ("gate",), **named})


def test_a_key_says_only_what_its_role_allows():
    assert not refused(rules())
    assert refused(rules(roles=("promoter",)))


@pytest.mark.parametrize(("owner", "signer", "fine"), [("Bo Ek", " bo  EK", True), ("Bo Ek", "Bo", False)])
def test_a_person_signs_under_the_name_of_the_key_only(owner, signer, fine):
    key = KeyRules(owner=owner, roles=("approver",))
    assert (key.refusal("approver", signer=signer, at=AT, number=1) is None) is fine


def test_a_key_is_valid_from_its_first_moment_until_before_its_last():
    key = rules(valid_from=AT, valid_until=AT + DAY)
    dates = (AT - timedelta(seconds=1), AT, AT + DAY - timedelta(seconds=1), AT + DAY)
    assert [refused(key, at=at) for at in dates] == [True, False, False, True]


def test_a_retired_key_is_believed_by_the_date_and_a_compromised_one_by_the_number():
    retired = rules(revoked=Revocation(at=AT, reason="rotated"))
    assert [refused(retired, at=AT - DAY), refused(retired, at=AT)] == [False, True]
    stolen = rules(revoked=Revocation(at=AT, reason="stolen", last_entry=5))
    assert [refused(stolen, at=AT + DAY, number=5), refused(stolen, at=AT - DAY, number=6)] == [False, True]


def test_a_compromised_key_may_sign_nothing_new():
    assert refused(rules(revoked=Revocation(at=AT, reason="stolen", last_entry=5)), at=AT - DAY, number=None)


@pytest.mark.parametrize("roles", [("gate", "approver"), ("promoter", "breakglass"), ()])
def test_a_key_of_a_service_is_never_a_persons(roles):
    with pytest.raises(InputError, match=r"KeyRules is not valid"):
        KeyRules.build({"owner": "x", "roles": roles}, where="test")


def test_without_rules_every_key_is_gate_and_promoter_and_nobody_in_person(trusted):
    (only,) = trusted.rules.values()
    assert set(only.roles) == {"gate", "promoter"}


def test_a_key_that_the_rules_do_not_name_is_not_trusted(tmp_path):
    keys = tmp_path / "trusted"
    new = new_key(tmp_path / "gate", trusted=keys, owner="gate", roles=["gate"])
    generate_key(tmp_path / "other", trusted=keys)
    assert [key.keyid for key in trusted_keys(keys).keys] == [new]


def test_rules_of_a_key_that_is_not_there_trust_nobody(tmp_path):
    keys = tmp_path / "trusted"
    new = new_key(tmp_path / "gate", trusted=keys, owner="gate", roles=["gate"])
    for path in keys.glob("*.pem"):
        path.unlink()
    generate_key(tmp_path / "third", trusted=keys)
    with pytest.raises(InputError, match=f"no PEM file of the key {new}"):
        trusted_keys(keys)


def test_revocations_at_the_same_moment_are_all_kept(tmp_path):
    keys = tmp_path / "trusted"
    made = [new_key(tmp_path / str(n), trusted=keys, owner=f"o{n}", roles=["gate"]) for n in range(6)]
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda key: revoke_key(keys, key, reason="stolen", last_entry=0), made[:5]))
    assert [bool(trusted_keys(keys).rules[key].revoked) for key in made] == [True] * 5 + [False]


def test_a_maker_of_keys_that_is_killed_between_key_and_rules_leaves_a_folder_that_is_read(tmp_path, monkeypatch):
    keys = tmp_path / "trusted"
    first = new_key(tmp_path / "one", trusted=keys, owner="gate", roles=["gate"])
    with monkeypatch.context() as killed:
        killed.setattr("biasgate.gate.trust.rotation.write_rules", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            new_key(tmp_path / "two", trusted=keys, owner="Bo", roles=["approver"])
    assert list(trusted_keys(keys).rules) == [first]
    new_key(tmp_path / "three", trusted=keys, owner="Bo", roles=["approver"])
    assert len(trusted_keys(keys).rules) == 2


@pytest.mark.parametrize("text", ["", "keys: 3", "keys: {a: {owner: x, roles: [king]}}", "keys: {}\nmore: 1", "\x00"])
def test_rules_that_cannot_be_read_trust_nobody(tmp_path, text):
    generate_key(tmp_path)
    (tmp_path / "trusted" / FILE).write_text(text)
    with pytest.raises(InputError):
        trusted_keys(tmp_path / "trusted")


def test_a_second_key_keeps_what_the_first_may_sign(tmp_path):
    first = generate_key(tmp_path / "first", trusted=tmp_path / "trusted")
    new_key(tmp_path / "second", trusted=tmp_path / "trusted", owner="Bo", roles=["approver"], days=365)
    found = trusted_keys(tmp_path / "trusted").rules
    assert sorted(one.roles for one in found.values()) == [("approver",), ("gate", "promoter")]
    found_first = found[read_signing_key(first.read_bytes(), where="first").public_key.keyid]
    assert found_first.valid_until is None


@pytest.mark.parametrize("start", ["", "zz"])
def test_a_key_is_revoked_by_a_start_that_only_it_has(tmp_path, start):
    for name in ("one", "two"):
        generate_key(tmp_path / name, trusted=tmp_path / "trusted")
    with pytest.raises(InputError, match="keys start like this"):
        revoke_key(tmp_path / "trusted", start, reason="test")


def test_a_retired_key_can_still_be_found_compromised_but_not_retired_again(tmp_path):
    folder = tmp_path / "trusted"
    folder.mkdir()
    key = new_key(tmp_path / "gate", trusted=folder, owner="gate", roles=["gate"])
    revoke_key(folder, key[:20], reason="rotated")
    with pytest.raises(InputError, match="revoked already"):
        revoke_key(folder, key, reason="again")
    revoke_key(folder, key, reason="stolen", last_entry=3)
    assert trusted_keys(folder).rules[key].revoked.last_entry == 3


def test_the_log_goes_on_past_what_a_stolen_key_signed(tmp_path, key, trusted):
    log = str(tmp_path / "log")
    for _ in range(3):
        append(log, LOOK, key=key)
    fresh = generate_key(tmp_path / "fresh", trusted=tmp_path / "keys" / "trusted")
    revoke_key(tmp_path / "keys" / "trusted", key.public_key.keyid, reason="stolen", last_entry=1)
    append(log, LOOK, key=read_signing_key(fresh.read_bytes(), where="fresh"))
    entries = read_log(log, trusted_keys(tmp_path / "keys" / "trusted"))
    assert [entry.body.kind for entry in entries] == ["look", "void", "void", "look"]
    assert [entry.body.revoked for entry in entries if isinstance(entry.body, VoidBody)] == [True, True]
    history = read_history(log, trusted_keys(tmp_path / "keys" / "trusted"))
    assert look_number(log, history, data=LOOK.data, digest=LOOK.digest) == 1


def test_a_writer_is_told_before_it_signs_in_vain(tmp_path, key, trusted):
    trusted.check(key, "gate")
    with pytest.raises(TrustError, match="no role approver"):
        trusted.check(key, "approver", signer="Bo")
    stranger = read_signing_key(generate_key(tmp_path / "stranger").read_bytes(), where="test")
    with pytest.raises(TrustError, match="not trusted"):
        trusted.check(stranger, "gate")


def test_a_gate_that_signs_a_promotion_is_void(tmp_path):
    folder, log = tmp_path / "trusted", str(tmp_path / "log")
    folder.mkdir()
    new_key(tmp_path / "gate", trusted=folder, owner="gate", roles=["gate"])
    gate = read_signing_key((tmp_path / "gate" / "signing-key.pem").read_bytes(), where="gate")
    promotion = PromotionBody(entry=1, status="FAILED", reason="-", name="digits", digest="sha256:" + "1" * 64)
    append(log, promotion, key=gate)
    (entry,) = read_log(log, trusted_keys(folder))
    assert isinstance(entry.body, VoidBody)
    assert (entry.body.kind, entry.body.said, entry.body.revoked) == ("void", "promotion", False)


KILLED = """
import os, signal, sys
from pathlib import Path
from biasgate.gate.trust import rotation

name, spared = sys.argv[3:5]
real, left = getattr(rotation, name), [int(spared)]

def step(*arguments, **options):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    return real(*arguments, **options)

setattr(rotation, name, step)
rotation.new_key(Path(sys.argv[1]), trusted=Path(sys.argv[2]), owner="Bo", roles=("approver",))
"""


@pytest.mark.parametrize("others", [0, 1])
@pytest.mark.parametrize("step", [("write_rules", 0), ("generate_key", 0), ("read_signing_key", 0), ("write_rules", 1)])
def test_a_key_whose_making_was_cut_off_may_sign_nothing(tmp_path, step, others):
    trusted = tmp_path / "trusted"
    for number in range(others):
        generate_key(tmp_path / f"other{number}", trusted=trusted)
    before = dict(trusted_keys(trusted).rules) if others else {}
    command = [sys.executable, "-c", KILLED, str(tmp_path / "key"), str(trusted), *map(str, step)]
    assert subprocess.run(command, check=False).returncode == -9
    after = dict(trusted_keys(trusted).rules) if any(trusted.glob("*.pem")) else {}
    assert after == before


def test_a_private_key_is_whole_and_for_its_owner_alone(tmp_path):
    file = generate_key(tmp_path / "key")
    assert file.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in (tmp_path / "key").iterdir()) == ["signing-key.pem", "trusted"]
    with pytest.raises(InputError, match="choose a new folder"):
        generate_key(tmp_path / "key")
