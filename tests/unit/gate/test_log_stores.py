"""The log in stores that speak S3, careful and careless ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from small_s3 import SmallS3

from biasgate.errors import BiasgateError, ServiceError, TrustError
from biasgate.gate.ledger.entry import LogEntry, LookBody
from biasgate.gate.ledger.log import WORTH_KEEPING, append, read_history, read_log
from biasgate.gate.ledger.probe import require_conditional_writes
from biasgate.storage import store


@pytest.fixture
def serve(monkeypatch):
    """Starts a server, to which boto3's environment points."""
    running = []

    def start(*, ignores_conditions: bool) -> SmallS3:
        server = SmallS3(ignores_conditions=ignores_conditions).__enter__()
        running.append(server)
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        require_conditional_writes.cache_clear()
        return server

    yield start
    for server in running:
        server.__exit__()


def look(number: int) -> LookBody:
    return LookBody(data="sha256:gate", name="digits", digest=f"sha256:{number:064x}")


def race(log: str, key) -> list[LogEntry | BiasgateError]:
    """What twelve writers at once are told."""

    def write(number: int) -> LogEntry | BiasgateError:
        try:
            return append(log, look(number), key=key)
        except BiasgateError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(write, range(12)))


def test_every_entry_that_a_writer_was_told_of_is_in_the_log(serve, key, trusted):
    serve(ignores_conditions=False)
    told = race("s3://bucket/log", key)
    entries = read_log("s3://bucket/log", trusted)
    assert sorted(entry.number for entry in told if isinstance(entry, LogEntry)) == list(range(1, 13))
    assert {entry.body.digest for entry in entries if isinstance(entry.body, LookBody)} == {
        look(number).digest for number in range(12)
    }


def test_a_store_that_ignores_conditions_gets_no_entry(serve, key):
    server = serve(ignores_conditions=True)
    told = race("s3://bucket/log", key)
    assert all(isinstance(one, ServiceError) and "ignores If-None-Match" in str(one) for one in told)
    assert not [name for name in server.objects if "/entries/" in name]


def test_the_trial_is_made_once_a_log(serve, key):
    server = serve(ignores_conditions=False)
    append("s3://bucket/log", look(1), key=key)
    server.ignores_conditions = True
    append("s3://bucket/log", look(2), key=key)
    with pytest.raises(ServiceError, match="ignores If-None-Match"):
        append("s3://bucket/other", look(1), key=key)


def test_an_entry_that_was_overwritten_at_once_does_not_count(serve, key, trusted, monkeypatch):
    serve(ignores_conditions=False)
    append("s3://bucket/log", look(0), key=key)
    real, overwritten = store.put_if_absent, []

    def losing(uri: str, data: bytes) -> bool:
        if not overwritten:
            overwritten.append(uri)
            other = append("s3://bucket/log", look(1), key=key)
            assert other.number == 2
            return True
        return real(uri, data)

    monkeypatch.setattr(store, "put_if_absent", losing)
    assert append("s3://bucket/log", look(2), key=key).number == 3
    assert len(read_log("s3://bucket/log", trusted)) == 3


def test_only_what_is_new_is_asked_of_the_server(serve, key, trusted, tmp_path, monkeypatch):
    for variable in ("BIASGATE_CACHE", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    server = serve(ignores_conditions=False)
    log = "s3://bucket/log"
    for number in range(WORTH_KEEPING + 1):
        append(log, look(number), key=key)
    assert len(read_history(log, trusted).looks["sha256:gate"]) == WORTH_KEEPING + 1
    removed = server.objects.pop("/bucket/log/entries/000000000003.json")
    append(log, look(99), key=key)
    assert len(read_history(log, trusted).looks["sha256:gate"]) == WORTH_KEEPING + 2
    with pytest.raises(TrustError, match="entry 3 is missing"):
        read_log(log, trusted)
    server.objects["/bucket/log/entries/000000000003.json"] = removed
    assert len(read_log(log, trusted)) == WORTH_KEEPING + 2
