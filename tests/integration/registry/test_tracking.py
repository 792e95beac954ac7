from __future__ import annotations

from uuid import uuid4

import pytest

from biasgate.registry.client import connect
from biasgate.registry.tracking import (
    FAILURE_TAG,
    RUN_VARIABLE,
    component_run,
    finish_pipeline_run,
    note_failure,
    open_pipeline_run,
    pipeline_run,
)


def status(run: str) -> str:
    return connect().get_run(run).info.status


def test_components_nest_under_their_pipeline_and_it_finishes(tracking, tmp_path):
    (tmp_path / "figure.txt").write_text("drawn")
    parent = open_pipeline_run("gate", "demo")
    with component_run("scan_weights", parent=parent) as run:
        run.log_params({f"p{number}": number for number in range(150)})
        run.log_params({"long": "x" * 10_000})
        run.log_metrics({"probability": 0.25})
        run.log_text("hello", "notes/hello.txt")
        run.log_dict({"level": "high"}, "scan.json")
        run.log_artifact(tmp_path / "figure.txt", "figures")
    finish_pipeline_run(parent)
    child = connect().get_run(run.id)
    assert child.data.tags["mlflow.parentRunId"] == parent
    assert child.info.experiment_id == connect().get_run(parent).info.experiment_id
    assert child.data.params["p149"] == "149"
    assert child.data.metrics == {"probability": 0.25}
    found = {info.path for info in connect().list_artifacts(run.id)}
    assert found == {"notes", "scan.json", "figures"}
    assert (status(run.id), status(parent)) == ("FINISHED", "FINISHED")


def test_a_run_is_named_by_its_subject_in_an_experiment_of_models(tracking):
    run = connect().get_run(open_pipeline_run("gate", f"kind-{uuid4().hex}", candidate="models:/digits-candidates/3"))
    assert run.info.run_name == "gate digits v3"
    kind = connect().get_experiment(run.info.experiment_id).tags["mlflow.experimentKind"]
    assert kind == "custom_model_development"


def test_a_component_that_fails_leaves_its_pipeline_open_and_one_that_then_succeeds_finishes_it(tracking):
    parent = open_pipeline_run("gate", "demo")
    with pytest.raises(KeyError), component_run("evaluate_subgroups", parent=parent) as run:
        raise KeyError("bug")
    note_failure(parent, "evaluate_subgroups: bug")
    assert (status(run.id), status(parent)) == ("FAILED", "RUNNING")
    finish_pipeline_run(parent)
    assert (status(run.id), status(parent)) == ("FAILED", "FINISHED")
    assert FAILURE_TAG not in connect().get_run(parent).data.tags


def test_tasks_of_one_run_of_kubeflow_find_the_run_that_the_first_of_them_opened(tracking, monkeypatch):
    assert pipeline_run() is None
    monkeypatch.setenv(RUN_VARIABLE, "a run of Kubeflow")
    assert pipeline_run() is None
    opened = open_pipeline_run("meta_classifier")
    assert pipeline_run() == opened
    assert open_pipeline_run("meta_classifier") == opened, "a task that is started again opens no second one"
    monkeypatch.setenv(RUN_VARIABLE, "another")
    assert pipeline_run() is None


def test_each_candidate_of_a_sweep_has_a_run_of_its_own(tracking, monkeypatch):
    monkeypatch.setenv(RUN_VARIABLE, "a sweep")
    first, second = (open_pipeline_run("gate", candidate=f"models:/digits-candidates/{n}") for n in (1, 2))
    assert first != second == open_pipeline_run("gate", candidate="models:/digits-candidates/2")


def test_a_component_alone_has_a_run_of_its_own(tracking):
    with component_run("scan_weights", parent=None) as run:
        pass
    assert "mlflow.parentRunId" not in connect().get_run(run.id).data.tags


def test_all_attempts_at_a_task_share_the_platforms_run_and_may_note_other_values(tracking, monkeypatch):
    monkeypatch.setenv("MLFLOW_RUN_ID", given := open_pipeline_run("task", "demo"))
    for attempt in ("1", "2"):
        with component_run("take_look", parent=None) as run:
            run.log_params({"log_entry": attempt})
    assert connect().get_run(given).data.tags["biasgate.log_entry"] == "2"


def test_a_run_that_the_platform_made_is_used_and_left_open(tracking, monkeypatch):
    given = open_pipeline_run("task", "demo")
    monkeypatch.setenv("MLFLOW_RUN_ID", given)
    with component_run("scan_weights", parent="ignored") as run:
        run.log_params({"source": "models:/digits-candidates/1"})
    assert run.id == given
    found = connect().get_run(given).data
    assert (found.params, found.tags["biasgate.source"]) == ({}, "models:/digits-candidates/1")
    assert status(given) == "RUNNING"
