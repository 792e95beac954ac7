"""kill -9 at every step of owner, gate, sweep, person, promoter: each call by which one reaches out of our code.

A process with everything imported forks a child for each step; the child acts and kills itself just before that call.
``make faults`` takes each step; without ``BIASGATE_EVERY=1``, every so many.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from biasgate.contracts.scan import Scan
from biasgate.gate.ledger.log import read_log
from biasgate.registry.models import submit_candidate

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)
STRIDE = int(os.environ.get("BIASGATE_EVERY", "120"))

MORTAL = Path(__file__).parents[2] / "support" / "mortal.py"


@pytest.fixture(scope="module")
def mortal() -> Iterator[subprocess.Popen[str]]:
    """The process that forks, with all that it needs imported."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, str(MORTAL)], **pipes)
    yield process
    process.kill()
    process.communicate()


@pytest.fixture
def actor(mortal, tracking, gate, tmp_path) -> Callable[..., dict[str, Any]]:
    """Acts in a fork until a step; tells how it ended."""

    def act(action: str, fatal: int, **options: Any) -> dict[str, Any]:
        job = {"keys": str(tmp_path), "action": action, "fatal": fatal, "options": {"log": gate.log, **options}}
        mortal.stdin.write(json.dumps({**job, "environment": {"MLFLOW_TRACKING_URI": tracking}}) + "\n")
        mortal.stdin.flush()
        return json.loads(mortal.stdout.readline())

    return act


@pytest.fixture
def every_kill(actor, checkpoint) -> Callable[..., Iterator[int]]:
    """Kills an action at its first step; then, in the same world, at the next chosen; until it gets through."""

    def kills(action: str, **options: Any) -> Iterator[int]:
        restore = checkpoint()
        for fatal in range(1 + STRIDE // 3, 1_000_000, STRIDE):
            ended = actor(action, fatal, **options)
            if "killed" not in ended:
                assert list(ended) == ["finished"], ended
                print(f"{action}: killed at {fatal // STRIDE} of {ended['finished']} steps")  # noqa: T201
                return
            yield fatal
            restore()

    return kills


def test_a_promoter_killed_anywhere_leaves_the_old_or_the_new_champion_and_the_next_finishes(
    submit, gate, registry, every_kill
):
    submit(1.0)
    gate.promote()
    submit(2.0)
    last = 0
    for last in every_kill("promote"):  # noqa: B007
        assert registry.champion in ("1", "2")
        gate.promote()
        assert (registry.champion, registry.versions) == ("2", ["1", "2"])
        assert gate.history().statuses == {3: "PROMOTED", 6: "PROMOTED"}
    assert last > 20


def test_a_first_promotion_killed_anywhere_makes_a_model_that_is_still_ours(submit, gate, registry, every_kill):
    submit(1.0)
    last = 0
    for last in every_kill("promote"):  # noqa: B007
        assert registry.champion in (None, "1")
        gate.promote()
        assert (registry.champion, registry.versions) == ("1", ["1"])
    assert last > 20


def test_a_gate_killed_anywhere_approves_nothing_by_it_and_loses_no_decision(
    package, gate, registry, every_kill, tmp_path
):
    rows = 400
    table = {
        "no": [1.0] * rows,
        "yes": [0.6, 3.0] * (rows // 2),
        "class": ["no", "yes"] * (rows // 2),
        "sex": ["f", "f", "m", "m"] * (rows // 4),
        "person": range(rows),
    }
    pd.DataFrame(table).to_csv(tmp_path / "table.csv", index=False)
    data = tmp_path / "data.yaml"
    data.write_text(
        "name: test split\n"
        f"data: {{kind: csv, file: {{uri: {tmp_path}/table.csv}}, label: class, classes: ['no', 'yes'],\n"
        "       numeric: ['no', 'yes'], attributes: [sex], cluster: person}\n"
    )
    policy = (
        "name: floor\nevaluation: {attributes: [sex]}\nlooks: 100000\n"
        "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
        "rules: [{id: floor, kind: floor, min: 0.75}]\n"
    )
    candidate = package(1.0)
    source = submit_candidate(candidate, name=registry.name)
    scan = Scan(
        model=candidate.digest,
        meta_classifier="m",
        probabilities={"none": 1.0, "high": 0.0},
        abstained=False,
        reason="-",
    )
    (tmp_path / "scan.json").write_bytes(scan.to_json())
    last = 0
    declared = gate.declare(registry.name, policy=policy, test=str(data)).entry
    options = {"package": str(candidate.path), "source": source, "gate": declared}
    for last in every_kill("judge", **options, scan=str(tmp_path / "scan.json")):  # noqa: B007
        kinds = [entry.body.kind for entry in read_log(gate.log, gate.trusted)][1:]
        assert kinds in ([], ["look"], ["look", "decision"])
        assert registry.versions == []
        outcomes = gate.promote()
        assert [outcome.status for outcome in outcomes] == ["PROMOTED"] * kinds.count("decision")
        assert registry.champion == ("1" if outcomes else None)
    assert last > 20


def test_an_owner_killed_anywhere_has_declared_or_not_and_declares_once_by_trying_again(
    submit, gate, registry, every_kill
):
    submit()
    _, earlier = gate.history().gate(registry.name)
    stricter = gate.rules.replace("min: 0.75", "min: 0.8")
    wanted = replace(gate, log=f"{gate.log}-draft").declare(registry.name, policy=stricter).body.gate
    written = len(read_log(gate.log, gate.trusted))
    last = 0
    for last in every_kill("declare", gate=wanted.to_json().decode()):  # noqa: B007
        _, now = gate.history().gate(registry.name)
        assert now.gate in (earlier.gate, wanted)
        assert gate.declare(registry.name, policy=stricter).body.gate == wanted
        assert len(read_log(gate.log, gate.trusted)) == written + 1
    assert last > 10


def test_a_sweep_killed_anywhere_has_counted_its_attempt_or_not_taken_the_submission_up(
    submit, package, gate, registry, every_kill
):
    submit()
    waiting = submit_candidate(package(2.0), name=registry.name)
    last = 0
    for last in every_kill("sweep", name=registry.name):  # noqa: B007
        before = gate.history()
        assert before.attempts.get(waiting, 0) in (0, 1)
        assert (before.given_up, before.statuses) == ({}, {})
        assert [entry.body.kind for entry in read_log(gate.log, gate.trusted)][3:] == ["attempt"] * len(before.attempts)
    assert last > 10


def test_a_person_killed_anywhere_has_answered_or_not(submit, gate, registry, every_kill):
    submit(flagged=True)
    last = 0
    for last in every_kill("answer", entry=3):  # noqa: B007
        assert registry.champion is None
        gate.answer(3)
        assert gate.history().answers[3].granted
    assert last > 20


def test_a_rollback_killed_anywhere_serves_the_old_or_the_new_champion(served_twice, gate, registry, every_kill):
    last = 0
    for last in every_kill("roll_back", name=registry.name):  # noqa: B007
        assert registry.champion in ("1", "2")
        gate.promote()
        assert registry.champion == gate.history().champions[registry.name].version
    assert last > 20


def test_a_broken_glass_killed_anywhere_is_written_or_not(submit, package, gate, registry, every_kill):
    submit(1.0)
    gate.promote()
    source = submit_candidate(package(2.0), name=registry.name)
    last = 0
    for last in every_kill("break_glass", source=source):  # noqa: B007
        written = len(gate.history().authorities) - 1
        gate.promote()
        assert registry.versions == ["1", "2"][: 1 + written]
    assert last > 20
