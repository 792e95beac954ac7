"""However a pipeline ended, its runs in MLflow say so afterwards."""

from __future__ import annotations

import json

import pytest

from biasgate.errors import InputError
from biasgate.kubeflow.steps.closing import close_pipeline
from biasgate.kubeflow.steps.task import task
from biasgate.registry.client import connect
from biasgate.registry.closing import SILENT, close_runs
from biasgate.registry.tracking import FAILURE_TAG, RUN_VARIABLE, finish_pipeline_run, open_pipeline_run

FIRST, SECOND = "models:/digits-candidates/1", "models:/digits-candidates/2"


@pytest.fixture
def sweep(tracking, monkeypatch, name):
    """Opens the run of one candidate after the other, as the gates of one sweep do."""
    monkeypatch.setenv(RUN_VARIABLE, f"the sweep of {name}")
    return lambda candidate: open_pipeline_run("gate", candidate=candidate)


def status(run: str) -> str:
    return connect().get_run(run).info.status


def fail(run: str) -> None:
    with pytest.raises(InputError), task("scan_weights", run=run):
        raise InputError("no such reader")


def kill(run: str) -> str:
    """What a task leaves whose process was killed: a run that nobody closed."""
    client = connect()
    where = client.get_run(run).info.experiment_id
    return client.create_run(where, tags={"mlflow.parentRunId": run}).info.run_id


def test_a_pipeline_that_reached_its_end_is_finished_and_nothing_is_left_to_say(sweep):
    run = sweep(FIRST)
    killed = kill(run)
    finish_pipeline_run(run)
    assert close_runs() == []
    assert (status(run), status(killed)) == ("FINISHED", "KILLED"), (
        "the attempt that was lost, and the one that was not"
    )


def test_a_task_that_said_why_leaves_its_pipeline_failed(sweep):
    run = sweep(FIRST)
    fail(run)
    (ended,) = close_runs()
    assert (ended.candidate, ended.status, ended.reason) == (FIRST, "FAILED", "scan_weights: no such reader")
    assert status(run) == "FAILED"


def test_a_pipeline_that_was_ended_from_outside_is_killed_and_says_so(sweep):
    run = sweep(FIRST)
    killed = kill(run)
    assert [ended.status for ended in close_runs()] == ["KILLED"]
    assert (status(run), status(killed)) == ("KILLED", "KILLED")
    assert connect().get_run(run).data.tags[FAILURE_TAG] == SILENT


def test_each_gate_of_a_sweep_ends_as_it_went(sweep):
    well, badly = sweep(FIRST), sweep(SECOND)
    finish_pipeline_run(well)
    fail(badly)
    assert [ended.candidate for ended in close_runs()] == [SECOND]
    assert (status(well), status(badly)) == ("FINISHED", "FAILED")


def test_a_run_that_is_retried_and_succeeds_ends_finished(sweep):
    run = sweep(FIRST)
    fail(run)
    close_runs()
    assert status(sweep(FIRST)) == "RUNNING", "the retried task goes on with the same run"
    finish_pipeline_run(run)
    assert close_runs() == []
    assert status(run) == "FINISHED"


def test_other_runs_are_left_alone(sweep, monkeypatch, name):
    run = sweep(FIRST)
    monkeypatch.setenv(RUN_VARIABLE, f"another than that of {name}")
    assert close_runs() == []
    assert status(run) == "RUNNING"


def test_an_alert_is_raised_for_each_that_did_not_end_well(sweep, capsys):
    fail(sweep(FIRST))
    kill(sweep(SECOND))
    close_pipeline("FAILED")
    alerts = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert {alert["candidate"] for alert in alerts} == {FIRST, SECOND}
    assert {alert["kind"] for alert in alerts} == {"failed_run"}


def test_outside_a_pipeline_there_is_nothing_to_close(tracking, monkeypatch):
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    with pytest.raises(InputError, match=RUN_VARIABLE):
        close_pipeline("SUCCEEDED")
