"""The MLflow run of a gate says what was judged and why, to whoever compares two of them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.log import read_entry
from biasgate.registry.client import connect
from biasgate.registry.gate_run import tell_run
from biasgate.registry.tracking import LOCAL, RUN_VARIABLE, experiment_id, kubeflow_run, open_pipeline_run


@pytest.fixture
def told(submit, gate, tracking):
    """Opens a run for a candidate of some accuracy and writes its decision on it."""

    def build(weight: float, accuracy: float):
        _, source = submit(weight, accuracy=accuracy)
        entry = max(gate.history().authorities)
        body = read_entry(gate.log, entry, gate.history().authorities[entry].sealed, gate.trusted).body
        assert isinstance(body, DecisionBody)
        run = open_pipeline_run("gate", candidate=source)
        for _ in range(2):  # a task that is tried again
            tell_run(run, body, entry=entry, report="<p>report</p>")
        return connect().get_run(run)

    return build


def test_two_runs_compare_by_what_decided(told, name):
    bad, good = told(1.0, 0.5), told(2.0, 0.95)
    assert bad.data.metrics["floor/value"] < bad.data.metrics["floor/limit"] < good.data.metrics["floor/bound"]
    assert [run.data.params["verdict"] for run in (bad, good)] == ["REJECTED", "APPROVED"]
    assert (bad.info.run_name, good.info.run_name) == (f"gate {name} v1: REJECTED", f"gate {name} v2: APPROVED")
    assert bad.data.tags["mlflow.user"] == "ana"


def test_a_run_says_in_its_description_what_the_candidate_s_page_says_and_leads_there(told, name):
    note = told(1.0, 0.5).data.tags["mlflow.note.content"]
    assert note.startswith("## REJECTED")
    assert "| floor | fails |" in note
    assert f"(#/models/{name}-candidates/versions/1)" in note


def test_data_sets_are_inputs_with_what_they_were_for(told, name):
    inputs = told(1.0, 0.5).inputs.dataset_inputs
    found = {one.tags[0].value: one.dataset for one in inputs}
    assert sorted(found) == ["test", "training"]
    assert len(inputs) == 2
    assert found["test"].name == f"{name}: test"


def test_rates_by_subgroup_are_a_picture_of_the_run(told):
    run = told(1.0, 0.5)
    files = {info.path for info in connect().list_artifacts(run.info.run_id)}
    assert files == {"decision.html", "rates_by_subgroup.png"}


@pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)
def test_an_experiment_that_somebody_else_made_is_marked_as_one_of_models(tracking):
    name = f"made-by-hand-{uuid4().hex}"
    made = connect().create_experiment(name)
    assert experiment_id(connect(), name) == made
    assert connect().get_experiment(made).tags["mlflow.experimentKind"] == "custom_model_development"


@pytest.mark.parametrize(("variable", "run"), [("", None), (f"{LOCAL}1", None), ("9a1e-7", "9a1e-7")])
def test_a_decision_names_kubeflow_s_run_and_no_local_one(monkeypatch, variable, run):
    monkeypatch.setenv(RUN_VARIABLE, variable)
    assert kubeflow_run() == run
