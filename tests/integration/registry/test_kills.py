"""kill -9 at every step of gate, person and promoter: each call that their own code makes in the rooms that write.

A process with everything imported forks a child for each step; the child acts and kills itself just before that call.
``BIASGATE_FAULTS=all`` takes each step; without it, every so many.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from biasgate.gate.log import read_log
from biasgate.meta.scan import Scan
from biasgate.registry.models import submit_candidate

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)
STRIDE = 1 if os.environ.get("BIASGATE_FAULTS") == "all" else 40
GATE_STRIDE = 1 if STRIDE == 1 else 80

ACTOR = """
import json, os, signal, sys
from pathlib import Path

import mlflow, onnxruntime, pandas, requests, sqlalchemy  # what is imported on the way is no step
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
import biasgate
from biasgate.gate.answer import answer
from biasgate.gate.sign import read_signing_key, trusted_keys
from biasgate.registry.alerts import Alarm
from biasgate.registry.break_glass import break_glass
from biasgate.registry.promoter import promote
from biasgate.registry.rollback import roll_back
from biasgate.steps.evaluation import evaluate_subgroups
from biasgate.steps.gate import approve_candidate
from biasgate.registry.tracking import open_pipeline_run

keys, home = Path(sys.argv[1]), Path(biasgate.__file__).parent
os.environ["BIASGATE_SIGNING_KEY_FILE"] = str(keys / "gate" / "signing-key.pem")
os.environ["BIASGATE_TRUSTED_KEYS"] = str(keys / "trusted")
watched = tuple(str(home / room) for room in ("storage/", "registry/", "steps/", "gate/log.py", "gate/answer.py"))
trusted = trusted_keys(keys / "trusted")


def key(owner):
    return read_signing_key((keys / owner / "signing-key.pem").read_bytes(), where=owner)


def judge(log, package, source, policy, data, scan):
    run, out = open_pipeline_run("gate"), Path(scan).parent
    evaluate_subgroups(package=Path(package), data=data, policy=policy, log=log, run=run,
                       evaluation=out / "evaluation.json", html=out / "evaluation.html")
    approve_candidate(package=Path(package), source=source, policy=policy, scan=Path(scan), log=log, run=run,
                      evaluation=out / "evaluation.json", entry=out / "entry.json", report=out / "report.html",
                      card=out / "card.md")


ACTIONS = {
    "judge": judge,
    "promote": lambda log: promote(log, trusted=trusted, key=key("promoter")),
    "answer": lambda log, entry: answer(
        log, entry, granted=True, approver="Bo", reason="r", key=key("Bo"), trusted=trusted),
    "break_glass": lambda log, source: break_glass(
        log, source, by="Cy", reason="r", hours=1, key=key("Cy"), trusted=trusted, alarm=Alarm()),
    "roll_back": lambda log, name: roll_back(
        log, name, to="1", by="Di", reason="r", key=key("promoter"), trusted=trusted, alarm=Alarm()),
}


def killer(fatal):
    steps = 0

    def before(frame, event, _):
        nonlocal steps
        caller = frame.f_back if event == "call" else frame if event == "c_call" else None
        if caller is not None and caller.f_code.co_filename.startswith(watched):
            steps += 1
            if steps == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    return before


for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if child == 0:
        sys.setprofile(killer(job["fatal"]))
        try:
            ACTIONS[job["action"]](**job["options"])
        except BaseException as error:
            sys.setprofile(None)
            print(json.dumps({"failed": repr(error)}), flush=True)
            os._exit(0)
        sys.setprofile(None)
        print(json.dumps({"finished": True}), flush=True)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        print(json.dumps({"killed": os.WTERMSIG(status)}), flush=True)
"""


@pytest.fixture
def actor(tracking, gate, tmp_path) -> Iterator[Callable[..., dict[str, Any]]]:
    """Forks a process that acts, until a step; tells how it ended."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    process = subprocess.Popen([sys.executable, "-c", ACTOR, str(tmp_path)], **pipes)

    def act(action: str, fatal: int, **options: Any) -> dict[str, Any]:
        process.stdin.write(
            json.dumps({"action": action, "fatal": fatal, "options": {"log": gate.log, **options}}) + "\n"
        )
        process.stdin.flush()
        return json.loads(process.stdout.readline())

    yield act
    process.kill()
    process.communicate()


@pytest.fixture
def every_kill(actor, sqlite, gate, tmp_path) -> Callable[..., Iterator[int]]:
    """Kills an action at its first step; then, in the same world, at the next chosen; until it gets through."""

    def kills(action: str, *, stride: int = STRIDE, **options: Any) -> Iterator[int]:
        live, saved = sqlite.removeprefix("sqlite:///"), str(tmp_path / "saved.db")
        copy_database(live, saved)
        shutil.copytree(gate.log, tmp_path / "saved-log")
        for fatal in range(1, 1_000_000, stride):
            ended = actor(action, fatal, **options)
            if "killed" not in ended:
                assert ended == {"finished": True}
                print(f"{action}: killed at {fatal // stride} of at most {fatal} steps")  # noqa: T201
                return
            yield fatal
            copy_database(saved, live)
            shutil.rmtree(gate.log)
            shutil.copytree(tmp_path / "saved-log", gate.log)

    return kills


def copy_database(source: str, target: str) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


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
        assert gate.history().statuses == {1: "PROMOTED", 3: "PROMOTED"}
    assert last > 100


def test_a_first_promotion_killed_anywhere_makes_a_model_that_is_still_ours(submit, gate, registry, every_kill):
    submit(1.0)
    last = 0
    for last in every_kill("promote"):  # noqa: B007
        assert registry.champion in (None, "1")
        gate.promote()
        assert (registry.champion, registry.versions) == ("1", ["1"])
    assert last > 100


def test_a_gate_killed_anywhere_approves_nothing_by_it_and_loses_no_decision(
    package, gate, registry, every_kill, tmp_path
):
    rows = 400
    table = {
        "no": [1.0] * rows,
        "yes": [0.6, 3.0] * (rows // 2),
        "class": ["no", "yes"] * (rows // 2),
        "sex": ["f", "f", "m", "m"] * (rows // 4),
    }
    pd.DataFrame(table).to_csv(tmp_path / "table.csv", index=False)
    data = tmp_path / "data.yaml"
    data.write_text(
        "name: test split\n"
        f"data: {{kind: csv, file: {{uri: {tmp_path}/table.csv}}, label: class, classes: ['no', 'yes'],\n"
        "       numeric: ['no', 'yes'], attributes: [sex]}\n"
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
    Path(gate.log, "entries").mkdir(parents=True)
    last = 0
    options = {"package": str(candidate.path), "source": source, "policy": policy, "data": str(data)}
    for last in every_kill("judge", stride=GATE_STRIDE, **options, scan=str(tmp_path / "scan.json")):  # noqa: B007
        kinds = [entry.body.kind for entry in read_log(gate.log, gate.trusted)]
        assert kinds in ([], ["look"], ["look", "decision"])
        assert registry.versions == []
        outcomes = gate.promote()
        assert [outcome.status for outcome in outcomes] == ["PROMOTED"] * kinds.count("decision")
        assert registry.champion == ("1" if outcomes else None)
    assert last > 100


def test_a_person_killed_anywhere_has_answered_or_not(submit, gate, registry, every_kill):
    submit(flagged=True)
    last = 0
    for last in every_kill("answer", entry=1):  # noqa: B007
        assert registry.champion is None
        gate.answer(1)
        assert gate.history().answers[1].granted
    assert last > 20


def test_a_rollback_killed_anywhere_serves_the_old_or_the_new_champion(served_twice, gate, registry, every_kill):
    last = 0
    for last in every_kill("roll_back", name=registry.name):  # noqa: B007
        assert registry.champion in ("1", "2")
        gate.promote()
        assert registry.champion == gate.history().champions[registry.name].version
    assert last > 50


def test_a_broken_glass_killed_anywhere_is_written_or_not(submit, package, gate, registry, every_kill):
    submit(1.0)
    gate.promote()
    source = submit_candidate(package(2.0), name=registry.name)
    last = 0
    for last in every_kill("break_glass", source=source):  # noqa: B007
        written = len(gate.history().authorities) - 1
        gate.promote()
        assert registry.versions == ["1", "2"][: 1 + written]
    assert last > 50
