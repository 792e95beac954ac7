"""Two gates decide about two candidates against the same champion, and carry them out, at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from biasgate.registry.client import connect
from biasgate.registry.models import aliases, submit_candidate

RACES = int(os.environ.get("BIASGATE_RACES", "10"))
"""``make races`` runs more."""

pytestmark = pytest.mark.parametrize("tracking", ["mlflow_server"], indirect=True)

RACER = """
import sys
from pathlib import Path
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.log import append
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import read_signing_key
from biasgate.registry.client import connect
from biasgate.registry.promoter import promote

keys = Path(sys.argv[1])
trusted = trusted_keys(keys / "trusted")
gate, promoter = (
    read_signing_key((keys / owner / "signing-key.pem").read_bytes(), where=owner) for owner in ("gate", "promoter")
)
connect()
print("ready", flush=True)
for line in sys.stdin:
    log, decision = line.split()
    append(log, DecisionBody.parse(Path(decision).read_bytes(), where=decision), key=gate)
    promote(log, trusted=trusted, key=promoter)
    print("done", flush=True)
"""
"""A gate with its promoter: for each line, a log and a file with a decision, it writes the decision and promotes."""


@pytest.fixture
def racers(tracking, gate, tmp_path) -> Iterator[list[subprocess.Popen[str]]]:
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", RACER, str(tmp_path)], **pipes) for _ in range(2)]
    try:
        assert said(processes) == ["ready\n"] * 2
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def said(processes: list[subprocess.Popen[str]]) -> list[str]:
    return [process.stdout.readline() for process in processes]


@pytest.fixture
def contest(package, gate, tmp_path) -> Callable[[], tuple[Any, str, list[str]]]:
    """A new model with two approved decisions whose looks its log holds: the gate, the name, the decisions' files."""

    def new() -> tuple[Any, str, list[str]]:
        name = f"race-{uuid4().hex[:8]}"
        files: list[str] = []
        ours = replace(gate, log=str(tmp_path / name / "log"))
        ours.declare(name)
        for weight in (1.0, 2.0):
            candidate = package(weight, card_name=name)
            draft = replace(gate, log=str(tmp_path / name / f"draft-{weight}"))
            entry = draft.decide(candidate, submit_candidate(candidate, name=name))
            ours.look(candidate)
            path = tmp_path / name / f"{weight}.json"
            path.write_bytes(entry.body.to_json())
            files.append(str(path))
        return ours, name, files

    return new


def test_of_two_gates_that_race_one_promotes_and_the_other_is_stale(racers, contest):
    for _ in range(RACES):
        gate, name, decisions = contest()
        for racer, decision in zip(racers, decisions, strict=True):
            racer.stdin.write(f"{gate.log} {decision}\n")
        for racer in racers:
            racer.stdin.flush()
        assert said(racers) == ["done\n"] * 2
        history = gate.history()
        assert sorted(history.statuses.values()) == ["PROMOTED", "STALE"]
        assert aliases(connect(), name)["champion"] == history.champions[name].version
