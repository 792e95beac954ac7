from __future__ import annotations

import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.errors import TrustError
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion
from biasgate.gate.ledger import remembered
from biasgate.gate.ledger.chain import Head
from biasgate.gate.ledger.entry import DecisionBody, LogEntry, LookBody, PromotionBody, RollbackBody
from biasgate.gate.ledger.history import History, replay, take
from biasgate.gate.ledger.log import WORTH_KEEPING, append, read_history, read_log
from biasgate.gate.ledger.remembered import Remembered
from biasgate.gate.policy import policy_text
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import generate_key
from biasgate.gate.trust.rotation import revoke_key
from biasgate.storage import store

AT = datetime(2026, 11, 22, tzinfo=UTC)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("BIASGATE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "cache" / "logs"


@pytest.fixture
def log(tmp_path, key, trusted) -> str:
    """A log that was read once."""
    uri = str(tmp_path / "log")
    write(uri, key, WORTH_KEEPING)
    read_history(uri, trusted)
    return uri


def write(log: str, key, entries: int) -> None:
    for number in range(entries):
        append(log, LookBody(data="sha256:gate", name="digits", digest=f"sha256:{number:064x}"), key=key)


def looks(log: str, trusted) -> int:
    return len(read_history(log, trusted).looks["sha256:gate"])


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """Names of the entries that are read."""
    names, real = [], store.read_bytes

    def reading(uri: str, **options) -> bytes:
        names.append(Path(uri).stem)
        return real(uri, **options)

    monkeypatch.setattr(store, "read_bytes", reading)
    return names


def test_what_was_verified_here_is_not_read_again(log, key, trusted, read):
    write(log, key, 3)
    read.clear()
    assert looks(log, trusted) == WORTH_KEEPING
    entries = [name for name in read if name.isdigit()]
    assert entries == [f"{number:012d}" for number in range(WORTH_KEEPING, WORTH_KEEPING + 4)]


@pytest.mark.parametrize("place", [0, 40, -1], ids=["seal", "text", "end"])
def test_a_memory_that_was_changed_is_none(log, trusted, cache, read, place):
    (file,) = cache.iterdir()
    content = bytearray(file.read_bytes())
    content[place] ^= 1
    file.write_bytes(content)
    read.clear()
    assert looks(log, trusted) == WORTH_KEEPING
    assert f"{1:012d}" in read


def test_a_memory_of_another_user_is_none(log, trusted, tmp_path, monkeypatch, read):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "other"))
    assert looks(log, trusted) == WORTH_KEEPING
    assert f"{1:012d}" in read


def test_a_secret_that_others_may_read_seals_nothing(log, trusted, tmp_path, read):
    (tmp_path / "state" / "biasgate" / "cache-secret").chmod(0o644)
    assert looks(log, trusted) == WORTH_KEEPING
    assert f"{1:012d}" in read


def test_the_memory_of_one_log_is_none_for_another(log, key, trusted, tmp_path, cache):
    other = str(tmp_path / "other")
    write(other, key, 2)
    mine, theirs = remembered._file(log), remembered._file(other)
    assert mine
    assert theirs
    theirs.write_bytes(mine.read_bytes())
    assert looks(other, trusted) == 2


def test_a_key_that_is_revoked_changes_what_is_remembered(log, key, tmp_path):
    folder = tmp_path / "keys" / "trusted"
    generate_key(tmp_path / "fresh", trusted=folder)
    revoke_key(folder, key.public_key.keyid, reason="stolen", last_entry=10)
    history = read_history(log, trusted_keys(folder))
    assert len(history.looks["sha256:gate"]) == 10
    assert sorted(history.voids) == list(range(11, WORTH_KEEPING + 1))


@pytest.mark.parametrize("kept", [0, 1, WORTH_KEEPING - 1])
def test_a_log_that_was_cut_since_it_was_read_is_an_error(log, key, trusted, kept):
    for file in sorted(Path(log, "entries").iterdir())[kept:]:
        file.unlink()
    with pytest.raises(TrustError, match="cut or replaced"):
        read_history(log, trusted)
    write(log, key, WORTH_KEEPING - kept)
    with pytest.raises(TrustError, match="cut or replaced"):
        read_history(log, trusted)


def test_a_folder_that_cannot_be_written_costs_time_only(tmp_path, key, trusted, monkeypatch, cache):
    (tmp_path / "file").write_text("no folder")
    for variable in ("BIASGATE_CACHE", "XDG_STATE_HOME"):
        with monkeypatch.context() as patch:
            patch.setenv(variable, str(tmp_path / "file"))
            write(str(tmp_path / variable), key, WORTH_KEEPING)
            assert looks(str(tmp_path / variable), trusted) == WORTH_KEEPING
            assert looks(str(tmp_path / variable), trusted) == WORTH_KEEPING
    assert not cache.exists()


def test_an_empty_variable_turns_memory_off(tmp_path, key, trusted, monkeypatch):
    monkeypatch.setenv("BIASGATE_CACHE", "")
    write(str(tmp_path / "log"), key, WORTH_KEEPING)
    assert looks(str(tmp_path / "log"), trusted) == WORTH_KEEPING
    assert not (tmp_path / "cache").exists()


@pytest.fixture(scope="session")
def decided(policy, evidence):
    def build(accuracy: float, package: str, champion: Champion | None) -> DecisionBody:
        found = evidence(accuracy, accuracy, champion=champion)
        subject = found.candidate.model_copy(update={"digest": package})
        found = found.model_copy(update={"candidate": subject})
        return DecisionBody(decision=decide(policy, found, (), AT), evidence=found, policy=policy_text("digits_demo"))

    return build


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 30))
def test_going_on_from_a_memory_is_as_reading_from_the_start(seed, cut, decided):
    entries = story(random.Random(seed), decided)
    whole = replay(entries)
    begun = Remembered(head=Head(number=cut, digest="sha256:0", latest=AT), history=replay(entries[:cut]))
    again = remembered._CODEC.validate_json(remembered._CODEC.dump_json(begun))
    assert again == begun
    for entry in entries[cut:]:
        take(entry, again.history)
    assert again.history == whole


def story(rng: random.Random, decided) -> list[LogEntry]:
    """Thirty entries about three packages of one model: decisions, promotions, rollbacks, looks."""
    entries: list[LogEntry] = []
    history = History()
    while len(entries) < 30:
        package, champion = f"sha256:{rng.randrange(3):064x}", history.champions.get("digits")
        waiting = next(iter(history.waiting.values()), None)
        kind = rng.choice(["decision", "promotion", "rollback", "look"])
        if kind == "decision":
            body = decided(rng.choice([0.5, 0.95]), package, champion)
        elif kind == "promotion" and waiting:
            status = rng.choice(["PROMOTED", "PENDING", "FAILED"])
            served = {"version": str(len(entries)), "replaced": champion} if status == "PROMOTED" else {}
            said = {"entry": waiting.entry, "status": status, "name": "digits", "digest": waiting.digest}
            body = PromotionBody.model_validate({**said, "reason": "-", **served})
        elif kind == "rollback" and champion:
            places = [one.champion for one in history.standings.values()]
            body = RollbackBody(name="digits", replaced=champion, to=rng.choice([None, *places]), by="Di", reason="-")
        else:
            body = LookBody(data="sha256:gate", name="digits", digest=package)
        entries.append(LogEntry(number=len(entries) + 1, at=AT, body=body))
        take(entries[-1], history)
    return entries


def test_histories_that_are_read_in_parts_and_at_once_are_equal(log, key, trusted):
    write(log, key, WORTH_KEEPING + 5)
    assert read_history(log, trusted) == replay(read_log(log, trusted))
