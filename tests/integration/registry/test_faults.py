"""Every call that gate, promoter and persons make to the store and to MLflow fails once, in every way it can."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from itertools import count
from typing import Any

import pytest
from mlflow import MlflowClient
from requests.exceptions import ConnectionError as LostConnection

from biasgate.errors import ServiceError
from biasgate.gate.ledger.log import read_log
from biasgate.registry.models import submit_candidate
from biasgate.storage import store

pytestmark = [
    pytest.mark.parametrize("tracking", ["sqlite"], indirect=True),
    pytest.mark.parametrize("fault", ["killed", "lost", "unanswered"]),
]
STORE = ("read_bytes", "put_if_absent", "list_uris", "download")


class Killed(BaseException):
    """Stands for a process that ends at this point."""


class Calls:
    """Counts outermost calls, and lets one of them fail.

    ``killed``: the process ends before the call; an end after it is an end before the next. ``lost``: the request never
    arrives. ``unanswered``: it does all, but its answer is lost.
    """

    def __init__(self, fatal: int, fault: str) -> None:
        self.fatal, self.fault, self.count = fatal, fault, 0
        self._inside = threading.local()

    def wrap(self, call: Callable[..., Any], lost: Exception) -> Callable[..., Any]:
        @wraps(call)
        def counted(*args: Any, **named: Any) -> Any:
            if getattr(self._inside, "yes", False):
                return call(*args, **named)
            self.count += 1
            failure = None if self.count != self.fatal else Killed() if self.fault == "killed" else lost
            if failure and self.fault != "unanswered":
                raise failure
            self._inside.yes = True
            try:
                return call(*args, **named)
            finally:
                self._inside.yes = False
                if failure:
                    raise failure  # in place of the answer, a refusal too

        return counted


@contextmanager
def failing(fatal: int, fault: str) -> Iterator[Calls]:
    calls = Calls(fatal, fault)
    with pytest.MonkeyPatch.context() as patch:
        for name in STORE:
            patch.setattr(store, name, calls.wrap(getattr(store, name), ServiceError("S3 did not answer")))
        for name, method in inspect.getmembers(MlflowClient, inspect.isfunction):
            if not name.startswith("_"):
                patch.setattr(MlflowClient, name, calls.wrap(method, LostConnection("reset by peer")))
        yield calls


@pytest.fixture
def every_failure(checkpoint, fault) -> Callable[[Callable[[], object]], Iterator[int]]:
    """Acts and fails at the first call; then, in the same world, at the second; until the action gets through."""

    def failures(act: Callable[[], object]) -> Iterator[int]:
        restore = checkpoint()
        for fatal in count(1):
            surfaced = False
            with failing(fatal, fault) as calls:
                try:
                    act()
                except (Killed, ServiceError):
                    surfaced = True
            if calls.count < fatal:
                return
            assert surfaced, "a call's failure was passed over"
            yield fatal
            restore()

    return failures


def test_a_promotion_serves_the_old_or_the_new_champion_and_is_finished_by_the_next_run(
    submit, gate, registry, every_failure
):
    submit(1.0)
    gate.promote()
    submit(2.0)
    failed = 0
    for failed in every_failure(gate.promote):  # noqa: B007
        assert registry.champion in ("1", "2")
        gate.promote()
        assert (registry.champion, registry.versions) == ("2", ["1", "2"])
        assert gate.history().statuses == {3: "PROMOTED", 6: "PROMOTED"}
    assert failed > 20


def test_a_decision_is_written_whole_or_not_at_all(submit, package, gate, registry, every_failure):
    submit(1.0)
    submitted = package(2.0)
    source = submit_candidate(submitted, name=registry.name)
    failed = 0
    for failed in every_failure(lambda: gate.decide(submitted, source)):  # noqa: B007
        assert len(read_log(gate.log, gate.trusted)) in (3, 4, 5)
        gate.decide(submitted, source)
        assert gate.promote()[0].status == "PROMOTED"
    assert failed >= 4


def test_an_answer_counts_once_it_is_written(submit, gate, registry, every_failure):
    submit(flagged=True)
    failed = 0
    for failed in every_failure(lambda: gate.answer(3)):  # noqa: B007
        assert registry.champion is None
        gate.answer(3)
        assert gate.history().answers[3].granted
    assert failed >= 5


def test_a_rollback_serves_the_old_or_the_new_champion_and_is_finished_by_the_promoter(
    served_twice, gate, registry, every_failure
):
    failed = 0
    for failed in every_failure(lambda: gate.roll_back(registry.name, "1")):  # noqa: B007
        assert registry.champion in ("1", "2")
        gate.promote()
        assert registry.champion == gate.history().champions[registry.name].version
    assert failed > 15


def test_a_broken_glass_is_written_or_not_and_carried_out_once(submit, package, gate, registry, every_failure):
    submit(1.0)
    gate.promote()
    source = submit_candidate(package(2.0), name=registry.name)
    failed = 0
    for failed in every_failure(lambda: gate.break_glass(source)):  # noqa: B007
        written = len(gate.history().authorities) - 1
        gate.promote()
        assert registry.versions == ["1", "2"][: 1 + written]
    assert failed >= 6
