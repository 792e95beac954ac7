"""Slow, failing and half-answering servers between gate, promoter, MLflow on PostgreSQL and the log in S3.

A proxy before the real server spoils one request, or all from one on. Whatever it does, the champion is the old or the
new one, no decision is lost or doubled, tries are bounded, and the next run on a sound network finishes the work.
``make faults`` spoils each request in each way; without ``BIASGATE_EVERY=1``, every so many.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from faulty_proxy import Exchange, Fault, FaultyProxy, cut, half_sent, passed, refused, slow, torn, unanswered

from biasgate.errors import ServiceError
from biasgate.gate.ledger.log import read_log
from biasgate.registry.models import submit_candidate
from biasgate.storage import s3 as s3_storage

EVERY = int(os.environ.get("BIASGATE_EVERY", "120"))
STRIDE = -(-EVERY // 8)
TIMEOUT = 1
"""Seconds that clients wait here."""
TRIES = 3
"""Most requests that a client may make for one that fails."""
FAULTS: tuple[Fault, ...] = (
    refused(500, "InternalError"), refused(503, "SlowDown"), cut, unanswered, torn, half_sent, slow(1.5 * TIMEOUT),
)  # fmt: skip


class Network:
    """Counts requests through a proxy, and spoils some of one action's."""

    def __init__(self, proxy: FaultyProxy) -> None:
        self.proxy, self.count, self.lock = proxy, 0, threading.Lock()

    def act(self, act: Callable[[], object], fault: Fault = passed, *, at: int = 0, stays: bool = False) -> int:
        """Acts while request number ``at``, or each from it on, is spoiled; gives how many were made."""
        self.count = 0

        def counted(exchange: Exchange) -> None:
            with self.lock:
                self.count += 1
                spoiled = self.count == at or (stays and self.count > at)
            (fault if spoiled else passed)(exchange)

        self.proxy.inject(counted, times=inf)
        with suppress(ServiceError), impatient() if at else nullcontext():
            act()
        self.proxy.heal()
        return self.count


def plans(total: int) -> Iterator[dict[str, Any]]:
    """What is spoiled at which request, and whether it stays so."""
    kinds = [{"fault": fault, "stays": stays} for fault in FAULTS for stays in (False, True)]
    if STRIDE == 1:
        yield from ({"at": at, **kind} for at in range(1, total + 1) for kind in kinds)
    else:
        yield from ({"at": at, **kinds[at // STRIDE % len(kinds)]} for at in range(1, total + 1, STRIDE))


@contextmanager
def impatient() -> Iterator[None]:
    """Clients give up and try again soon, so that a spoiled action takes seconds; sound ones have their usual time."""
    settings = {"TIMEOUT": TIMEOUT, "MAX_RETRIES": TRIES - 1, "BACKOFF_FACTOR": 0, "BACKOFF_JITTER": 0}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in settings.items():
            patch.setenv(f"MLFLOW_HTTP_REQUEST_{name}", str(value))
        patch.setattr(s3_storage, "READ_SECONDS", TIMEOUT)
        s3_storage._connect.cache_clear()
        yield
    s3_storage._connect.cache_clear()


@pytest.fixture
def decided(package, gate, registry) -> Callable[[float], int]:
    """Submits and approves a candidate; gives the decision's number."""

    def decide(weight: float) -> int:
        submitted = package(weight)
        return gate.decide(submitted, submit_candidate(submitted, name=registry.name)).number

    return decide


@pytest.mark.parametrize("tracking", ["mlflow_server"], indirect=True)
def test_a_promotion_over_a_bad_network_to_mlflow_is_whole_or_finished_by_the_next_run(
    tracking, decided, gate, registry, monkeypatch
):
    with FaultyProxy(tracking) as proxy:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", proxy.endpoint)
        network = Network(proxy)
        decided(1.0)
        gate.promote()
        decided(2.0)
        total = network.act(gate.promote)
        for turn, plan in enumerate(plans(total)):
            old, entry = registry.champion, decided(3.0 + turn)
            made = network.act(gate.promote, **plan)
            assert not plan["stays"] or made <= plan["at"] + TRIES**2
            now = gate.history().champions[registry.name].version
            assert registry.champion in (old, now)
            assert now == old or gate.history().statuses[entry] == "PROMOTED"
            gate.promote()
            assert gate.history().statuses[entry] == "PROMOTED"
            assert registry.champion == gate.history().champions[registry.name].version != old
        gate.reconcile(registry.name, fix=True)
        assert set(registry.versions) == {version for _, version in gate.history().standings}


@pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)
def test_a_decision_and_its_promotion_over_a_bad_network_to_the_log_are_never_lost_or_doubled(
    s3, tracking, package, gate, registry, monkeypatch
):
    gate = replace(gate, log=f"s3://{s3.bucket}/{registry.name}/log")

    def submitted(weight: float) -> tuple[Any, str]:
        candidate = package(weight)
        return candidate, submit_candidate(candidate, name=registry.name)

    def act() -> None:
        gate.decide(*candidate)
        gate.promote()

    with FaultyProxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        network = Network(proxy)
        candidate = submitted(1.0)
        act()
        candidate = submitted(2.0)
        total = network.act(act)
        for turn, plan in enumerate(plans(total)):
            old, before, candidate = registry.champion, read_log(gate.log, gate.trusted), submitted(3.0 + turn)
            made = network.act(act, **plan)
            assert not plan["stays"] or made <= plan["at"] + TRIES**2 * s3_storage.CONNECTIONS  # all under way at once
            after = read_log(gate.log, gate.trusted)
            assert after[: len(before)] == before
            assert sum(entry.body.kind == "decision" for entry in after[len(before) :]) <= 1
            assert registry.champion in (old, gate.history().champions[registry.name].version)
            if not any(entry.body.kind == "decision" for entry in after[len(before) :]):
                gate.decide(*candidate)
            gate.promote()
            history = gate.history()
            assert history.statuses[max(history.authorities)] == "PROMOTED"
            assert registry.champion == history.champions[registry.name].version != old
