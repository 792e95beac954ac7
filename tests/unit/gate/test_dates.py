"""A signer's date is not believed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from biasgate.documents import sha256
from biasgate.errors import TrustError
from biasgate.gate.ledger.checkpoint import Checkpoint, advance, check_against, take_checkpoint
from biasgate.gate.ledger.entry import LogEntry, LookBody, VoidBody
from biasgate.gate.ledger.envelope import seal
from biasgate.gate.ledger.log import append, read_entry, read_log
from biasgate.gate.trust.keyring import trusted_keys, write_rules
from biasgate.gate.trust.rotation import revoke_key

NOW = datetime.now(UTC)
LOOK = LookBody(data="sha256:gate", name="digits", digest="sha256:1")


@pytest.fixture
def write(tmp_path, key):
    """Writes an entry with any date, as a thief would."""

    def at(moment: datetime) -> int:
        folder = tmp_path / "log" / "entries"
        folder.mkdir(parents=True, exist_ok=True)
        before = sorted(folder.iterdir())
        previous = sha256(before[-1].read_bytes()) if before else None
        entry = LogEntry(number=len(before) + 1, previous=previous, at=moment, body=LOOK)
        (folder / f"{entry.number:012d}.json").write_bytes(seal(entry, about=LOOK.subject, key=key))
        return entry.number

    return at


@pytest.fixture
def log(tmp_path) -> str:
    return str(tmp_path / "log")


def ended(tmp_path: Path, key, **ends) -> None:
    folder = tmp_path / "keys" / "trusted"
    rules = dict(trusted_keys(folder).rules)
    rules[key.public_key.keyid] = rules[key.public_key.keyid].model_copy(update=ends)
    write_rules(folder, rules)


def kinds(log: str, folder: Path) -> list[str]:
    return [entry.body.kind for entry in read_log(log, trusted_keys(folder))]


def test_dates_may_fall_by_the_skew_and_no_more(write, log, tmp_path):
    for minutes in (0, -9, -11, -9.99, 1, -8.5, -9.5):
        write(NOW + timedelta(minutes=minutes))
    found = kinds(log, tmp_path / "keys" / "trusted")
    assert found == ["look", "look", "void", "look", "look", "look", "void"]


def test_one_moment_in_several_time_zones_is_one(write, log, tmp_path):
    from datetime import timezone

    for hours in (-12, 0, 14):
        write(NOW.astimezone(timezone(timedelta(hours=hours))))
    assert kinds(log, tmp_path / "keys" / "trusted") == ["look"] * 3


@pytest.mark.parametrize("year", [2024, 2028])
def test_a_leap_day_and_fractions_of_a_second_are_dates_like_others(write, log, tmp_path, year):
    write(datetime(year, 2, 29, 23, 59, 59, 999_999, UTC))
    write(datetime(year, 3, 1, 0, 0, 0, 1, UTC))
    assert kinds(log, tmp_path / "keys" / "trusted") == ["look"] * 2


@pytest.mark.parametrize(
    ("rules", "dates", "found"),
    [
        ({"valid_until": NOW}, (-1, 1), ["look", "void"]),
        ({"valid_from": NOW}, (-1, 1), ["void", "look"]),
        ({"valid_from": NOW + timedelta(days=9)}, (0,), ["void"]),
        ({"valid_until": NOW}, (1, -1), ["void", "look"]),
    ],
)
def test_a_key_signs_within_its_dates_only(write, log, tmp_path, key, rules, dates, found):
    ended(tmp_path, key, **rules)
    for days in dates:
        write(NOW + timedelta(days=days))
    assert kinds(log, tmp_path / "keys" / "trusted") == found


@pytest.mark.parametrize("end", ["expired", "retired"])
def test_nothing_is_carried_out_by_a_key_that_ended_whatever_its_date(write, log, tmp_path, key, end):
    """Where the last entry is older than the key's end, a date between the two cannot be told from an honest one."""
    number = write(NOW - timedelta(days=20))
    if end == "retired":
        revoke_key(tmp_path / "keys" / "trusted", key.public_key.keyid, reason="rotated")
    else:
        ended(tmp_path, key, valid_until=NOW - timedelta(days=10))
    trusted = trusted_keys(tmp_path / "keys" / "trusted")
    sealed = sha256((tmp_path / "log" / "entries" / f"{number:012d}.json").read_bytes())
    assert not isinstance(read_log(log, trusted)[0].body, VoidBody)
    with pytest.raises(TrustError, match=r"retired on|not valid on"):
        read_entry(log, number, sealed, trusted, at=datetime.now(UTC))
    assert read_entry(log, number, sealed, trusted).number == number


def test_an_entry_that_changed_since_it_was_read_is_not_carried_out(write, log, trusted):
    write(NOW)
    with pytest.raises(TrustError, match="changed since"):
        read_entry(log, 1, "sha256:0", trusted)


def test_what_was_dated_back_after_a_checkpoint_shows_against_it(write, log, trusted, tmp_path):
    write(NOW - timedelta(days=30))
    kept = str(tmp_path / "head.json")
    advance(log, kept, trusted, first=True)
    write(NOW - timedelta(days=20))
    with pytest.raises(TrustError, match=r"entry 2 is dated .* was dated back"):
        advance(log, kept, trusted)
    assert Checkpoint.read(Path(kept)).entries == 1


@pytest.mark.parametrize("moved", [timedelta(days=-2), timedelta(days=2)])
def test_a_checkpoint_from_another_time_than_its_entries_is_none(log, key, trusted, moved):
    append(log, LOOK, key=key)
    taken = take_checkpoint(log, trusted)
    check_against(log, taken, trusted)
    with pytest.raises(TrustError, match="cannot be from then"):
        check_against(log, taken.model_copy(update={"at": taken.at + moved}), trusted)


def test_no_checkpoint_is_taken_of_entries_from_the_future(write, log, trusted):
    write(NOW + timedelta(hours=1))
    with pytest.raises(TrustError, match="later than now"):
        take_checkpoint(log, trusted)


def test_a_checkpoint_of_an_earlier_version_without_a_root_stays_valid(log, key, trusted):
    append(log, LOOK, key=key)
    taken = take_checkpoint(log, trusted)
    older = Checkpoint.parse(taken.model_copy(update={"root": None}).to_json(), where="test")
    append(log, LOOK, key=key)
    check_against(log, older, trusted)
    with pytest.raises(TrustError, match="is not the one"):
        check_against(log, taken.model_copy(update={"root": "sha256:" + "0" * 64}), trusted)
