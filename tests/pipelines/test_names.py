"""Runs are named for their subject, and what cannot work is said before anything is sent."""

import pytest

from biasgate.errors import InputError
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.names import run_name
from biasgate.kubeflow.submit import submit


@pytest.fixture(autouse=True)
def nowhere(monkeypatch, tmp_path):
    """A registry in a file that is empty, and no log."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    monkeypatch.delenv("BIASGATE_LOG", raising=False)


def start(kubeflow, pipeline: str, **arguments: str) -> str:
    return submit(pipeline, arguments, cluster=Cluster(kubeflow.endpoint), account="biasgate-runner")


@pytest.mark.parametrize(
    ("pipeline", "arguments", "name"),
    [
        ("gate", {"candidate": "models:/digits-candidates/3"}, "gate digits v3"),
        ("gate", {"candidate": "models:/loan-default-candidates/12"}, "gate loan-default v12"),
        ("sweep", {"name": "digits", "limit": 3}, "sweep digits"),
        ("meta_classifier", {"spec": "digits_demo", "root": "s3://zoo"}, "meta_classifier digits_demo"),
        ("meta_classifier", {"spec": '{"name": "y"}', "root": "s3://zoo"}, "meta_classifier"),
        ("architecture_audit", {"spec": "schema: x\nname: y", "root": "s3://audits"}, "architecture_audit"),
    ],
)
def test_a_run_is_named_for_its_subject(pipeline, arguments, name):
    assert run_name(pipeline, arguments) == name


def test_a_run_says_what_it_is_about_and_where_its_runs_in_mlflow_are(kubeflow):
    run = kubeflow.runs[start(kubeflow, "meta_classifier", spec="digits_demo", root="s3://zoo")]
    assert "spec digits_demo" in run["description"]
    assert "biasgate.kfp_run" in run["description"]


def test_the_platforms_plugin_is_off_where_tasks_have_their_registry_from_a_secret(kubeflow):
    run = kubeflow.runs[start(kubeflow, "meta_classifier", spec="digits_demo", root="s3://zoo")]
    assert run["plugins_input"] == {"mlflow": {"disabled": True}}


@pytest.mark.parametrize(
    ("pipeline", "arguments", "message"),
    [
        ("gate", {"candidate": "models:/digits-candidates/9"}, "digits-candidates"),
        ("gate", {"candidate": "digits"}, "not a model version"),
        ("meta_classifier", {"spec": "no_such_zoo", "root": "s3://zoo"}, "no_such_zoo"),
        ("meta_classifier", {"spec": "schema: biasgate/zoo/v1\nnaem: x\n", "root": "s3://zoo"}, "name: Field required"),
    ],
)
def test_what_is_not_there_or_misspelt_is_refused_before_anything_is_sent(kubeflow, pipeline, arguments, message):
    with pytest.raises(InputError, match=message):
        start(kubeflow, pipeline, **arguments)
    assert kubeflow.tokens == []


def test_a_candidate_whose_model_has_no_gate_is_refused_before_anything_is_sent(kubeflow, monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setenv("BIASGATE_LOG", str(tmp_path / "log"))
    (tmp_path / "trusted").mkdir()
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    with pytest.raises(InputError):
        start(kubeflow, "gate", candidate="models:/digits-candidates/1")
    assert kubeflow.tokens == []


def test_a_registry_out_of_reach_is_left_to_the_run_and_said(kubeflow, monkeypatch, capsys):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    start(kubeflow, "gate", candidate="models:/digits-candidates/9")
    assert len(kubeflow.runs) == 1
    assert "not checked before the run" in capsys.readouterr().err
