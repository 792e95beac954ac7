from __future__ import annotations

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biasgate.errors import TrustError
from biasgate.gate.decide import decide
from biasgate.gate.ledger.entry import DecisionBody, LookBody, VoidBody
from biasgate.gate.ledger.log import append, read_log
from biasgate.gate.policy import policy_text
from biasgate.gate.repeat import repeat
from biasgate.gate.trust.keys import generate_key, read_signing_key

AT = datetime(2026, 11, 22, tzinfo=UTC)


def look(data: str = "sha256:gate") -> LookBody:
    return LookBody(data=data, name="digits", digest="sha256:" + "1" * 64)


@pytest.fixture
def log(tmp_path: Path) -> str:
    return str(tmp_path / "log")


@pytest.fixture
def three(log, key) -> list[Path]:
    """The files of a log with three entries."""
    for _ in range(3):
        append(log, look(), key=key)
    return sorted(Path(log, "entries").iterdir())


def test_a_log_that_nobody_wrote_is_empty(log, trusted):
    assert read_log(log, trusted) == ()


def test_entries_come_back_numbered_and_chained(log, key, trusted, policy, evidence):
    decision = DecisionBody(
        decision=decide(policy, evidence(), (), AT), evidence=evidence(), policy=policy_text("digits_demo")
    )
    written = (append(log, look(), key=key), append(log, decision, key=key))
    assert read_log(log, trusted) == written
    assert [entry.number for entry in written] == [1, 2]
    assert written[0].previous is None
    assert written[1].previous is not None


def test_writers_that_race_get_a_number_each_and_one_chain(log, key, trusted):
    with ThreadPoolExecutor(8) as pool:
        numbers = [entry.number for entry in pool.map(lambda _: append(log, look(), key=key), range(24))]
    assert sorted(numbers) == list(range(1, 25))
    assert len(read_log(log, trusted)) == 24


@pytest.fixture
def at(monkeypatch):
    """Sets the writer's clock to noon of the reference day and so much."""

    def set_to(later: timedelta) -> None:
        class Clock(datetime):
            @classmethod
            def now(cls, tz=None):
                return AT + later

        monkeypatch.setattr("biasgate.gate.ledger.log.datetime", Clock)

    return set_to


def test_an_entry_dated_before_its_predecessor_counts_for_nothing(log, key, trusted, at, monkeypatch):
    at(timedelta(days=20))
    append(log, look(), key=key)
    monkeypatch.setattr("biasgate.gate.ledger.log._check_clock", lambda *_, **__: None)
    for days in (0, 19, 20):
        at(timedelta(days=days))
        append(log, look(), key=key)
    bodies = [entry.body for entry in read_log(log, trusted)]
    assert [body.kind for body in bodies] == ["look", "void", "void", "look"]
    assert isinstance(bodies[1], VoidBody)
    assert "before the entry of" in bodies[1].reason


def test_clocks_may_differ_by_minutes_and_no_more(log, key, trusted, at):
    at(timedelta(hours=1))
    append(log, look(), key=key)
    at(timedelta(minutes=51))
    append(log, look(), key=key)
    at(timedelta(minutes=40))
    with pytest.raises(TrustError, match="set the clock that is wrong; nothing was written"):
        append(log, look(), key=key)
    assert [entry.body.kind for entry in read_log(log, trusted)] == ["look", "look"]


def test_a_tampered_entry_is_named(three, log, trusted):
    envelope = json.loads(three[1].read_bytes())
    envelope["signatures"] = json.loads(three[0].read_bytes())["signatures"]
    three[1].write_text(json.dumps(envelope))
    with pytest.raises(TrustError, match=r"000000000002\.json"):
        read_log(log, trusted)


def test_a_replayed_entry_breaks_the_chain(three, log, trusted):
    shutil.copyfile(three[0], three[1])
    with pytest.raises(TrustError, match=r"chain is broken.*000000000002\.json"):
        read_log(log, trusted)


def test_an_entry_signed_again_by_its_own_writer_breaks_the_chain_after_it(three, log, key, trusted, tmp_path):
    append(str(tmp_path / "elsewhere"), look("sha256:other"), key=key)
    shutil.copyfile(tmp_path / "elsewhere" / "entries" / three[0].name, three[0])
    with pytest.raises(TrustError, match=r"chain is broken.*000000000002\.json"):
        read_log(log, trusted)


def test_a_missing_entry_is_named_and_nothing_is_added_after_a_hole(three, log, key, trusted):
    three[1].unlink()
    with pytest.raises(TrustError, match="entry 2 is missing"):
        read_log(log, trusted)
    with pytest.raises(TrustError, match="entry 2 is missing"):
        append(log, look(), key=key)


def test_an_entry_by_a_stranger_is_named(three, log, trusted, tmp_path):
    file = generate_key(tmp_path / "stranger")
    append(log, look(), key=read_signing_key(file.read_bytes(), where="test"))
    with pytest.raises(TrustError, match=r"no trusted key.*000000000004\.json"):
        read_log(log, trusted)


def test_a_decision_can_be_repeated_from_its_entry_and_a_lie_is_found(policy, evidence):
    rejected = decide(policy, evidence(0.99, 0.31), (), AT)
    body = DecisionBody(decision=rejected, evidence=evidence(0.99, 0.31), policy=policy_text("digits_demo"))
    repeat(body, where="test")
    lie = rejected.model_copy(update={"verdict": "APPROVED"})
    with pytest.raises(TrustError, match="deciding again gives REJECTED"):
        repeat(body.model_copy(update={"decision": lie}), where="test")
    with pytest.raises(TrustError, match="other evidence"):
        repeat(body.model_copy(update={"evidence": evidence()}), where="test")
