"""Runs are started and asked after with the real client, over HTTP, against a fake of the API."""

import json
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError, ServiceError
from biasgate.kubeflow.arguments import typed_arguments
from biasgate.kubeflow.catalogue import load_pipeline
from biasgate.kubeflow.client import Cluster
from biasgate.kubeflow.submit import submit

GATE = {"candidate": "models:/digits-candidates/1"}


@pytest.fixture
def cluster(kubeflow) -> Cluster:
    return Cluster(endpoint=kubeflow.endpoint, namespace="biasgate-runs")


def test_a_run_carries_the_compiled_pipeline_its_parameters_and_its_account(kubeflow, cluster):
    run = submit(
        "meta_classifier", {"spec": "digits_demo", "root": "s3://zoo", "shards": "8"}, cluster=cluster, account="me"
    )
    told = kubeflow.runs[run]
    assert told["runtime_config"]["parameters"] == {"spec": "digits_demo", "root": "s3://zoo", "shards": 8}
    assert told["service_account"] == "me"
    assert told["pipeline_spec"]["pipeline_spec"]["pipelineInfo"]["name"] == "meta-classifier"
    assert "kubernetes" in told["pipeline_spec"]["platform_spec"]["platforms"]
    (experiment,) = kubeflow.experiments.values()
    assert (experiment["display_name"], experiment["namespace"]) == ("biasgate", "biasgate-runs")


def test_what_the_client_prints_and_warns_of_is_not_ours_to_show(kubeflow, cluster, capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")
    assert capsys.readouterr() == ("", "")


def test_a_second_run_joins_the_first_ones_experiment(kubeflow, cluster):
    for _ in range(2):
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")
    assert len(kubeflow.runs) == 2
    assert len(kubeflow.experiments) == 1


def test_who_starts_a_run_chooses_the_candidate_and_nothing_that_decides():
    gate, sweep = (set(load_pipeline(name).component_spec.inputs or ()) for name in ("gate", "sweep"))
    assert gate == {"candidate"}
    assert sweep == {"name", "which", "limit"}


@pytest.mark.parametrize("choice", ["policy", "data", "repair_data", "meta_classifier", "waivers", "log", "looks"])
def test_what_the_gate_declares_is_refused_as_a_parameter(choice):
    for pipeline, named in (("gate", GATE), ("sweep", {"name": "digits"})):
        with pytest.raises(InputError, match=f"unknown parameter '{choice}'"):
            typed_arguments(pipeline, {**named, choice: "x"})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({**GATE, "polizy": "x"}, "unknown parameter 'polizy'"),
        ({}, "parameter 'candidate' is missing"),
        ({"candidate": "x" * 10_000}, "parameters of 10,0.* bytes.*put 'candidate' into a file"),
    ],
)
def test_arguments_that_cannot_work_are_refused_before_anything_is_sent(kubeflow, cluster, arguments, message):
    with pytest.raises(InputError, match=message):
        submit("gate", arguments, cluster=cluster, account="biasgate-runner")
    assert kubeflow.tokens == []


@pytest.mark.parametrize(("image", "message"), [(None, "no image is named"), ("biasgate:dev", "biasgate:dev is not")])
def test_an_image_without_a_digest_is_refused_before_anything_is_sent(kubeflow, cluster, monkeypatch, image, message):
    monkeypatch.delenv("BIASGATE_IMAGE")
    if image:
        monkeypatch.setenv("BIASGATE_IMAGE", image)
    with pytest.raises(InputError, match=message):
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")
    assert kubeflow.tokens == []


def test_a_number_that_is_none_is_refused(cluster):
    arguments = {"spec": "digits_demo", "root": "s3://zoo", "shards": "many"}
    with pytest.raises(InputError, match="no whole number"):
        submit("meta_classifier", arguments, cluster=cluster, account="biasgate-runner")


def test_the_token_comes_from_the_environment(kubeflow, cluster, monkeypatch):
    kubeflow.accepts = "from the environment"
    monkeypatch.setenv("KF_PIPELINES_TOKEN", kubeflow.accepts)
    submit("gate", GATE, cluster=cluster, account="biasgate-runner")
    assert len(kubeflow.runs) == 1


def test_the_token_of_a_service_account_is_read_again_when_it_is_renewed(kubeflow, cluster, monkeypatch, tmp_path):
    file = tmp_path / "token"
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(file))
    for token in ("first", "second"):
        file.write_text(f"{token}\n")
        kubeflow.accepts = token
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")
    assert set(kubeflow.tokens) == {"Bearer first", "Bearer second"}


def test_a_token_file_that_is_not_there_is_named(cluster, monkeypatch, tmp_path):
    monkeypatch.setenv("KF_PIPELINES_SA_TOKEN_PATH", str(tmp_path / "token"))
    with pytest.raises(InputError, match="no such file"):
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")


def test_who_is_not_let_in_is_told_what_to_set(kubeflow, cluster):
    kubeflow.accepts = "somebody else"
    with pytest.raises(ServiceError, match=r"Kubeflow refuses.*KF_PIPELINES_TOKEN"):
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")


def test_a_server_that_fails_is_quoted(kubeflow, cluster):
    kubeflow.broken.add("POST /runs")
    with pytest.raises(ServiceError, match=r"answers 500.*the database is away"):
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")


def test_a_server_that_nobody_answers_for_is_out_of_reach(kubeflow):
    nobody = Cluster(endpoint="http://127.0.0.1:9", namespace="biasgate-runs")
    with pytest.raises(ServiceError, match="out of reach"):
        submit("gate", GATE, cluster=nobody, account="biasgate-runner")


def test_a_single_user_server_gets_no_namespace(kubeflow):
    submit("gate", GATE, cluster=Cluster(endpoint=kubeflow.endpoint), account="biasgate-runner")
    (experiment,) = kubeflow.experiments.values()
    assert not experiment.get("namespace")


def test_the_command_prints_one_json_document_and_nothing_else(kubeflow):
    arguments = [part for name, value in GATE.items() for part in ("-a", f"{name}={value}")]
    done = CliRunner().invoke(app, ["kfp", "submit", "gate", *arguments, "--endpoint", kubeflow.endpoint, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"pipeline": "gate", "run": next(iter(kubeflow.runs))}


def test_a_server_of_a_private_authority_is_trusted_only_with_its_bundle(kubeflow_over_tls, certificate):
    fake = kubeflow_over_tls
    with pytest.raises(ServiceError, match="certificate authority"):
        submit("gate", GATE, cluster=Cluster(fake.endpoint, "biasgate-runs"), account="biasgate-runner")
    assert fake.tokens == []
    submit("gate", GATE, cluster=Cluster(fake.endpoint, "biasgate-runs", certificate), account="biasgate-runner")
    assert len(fake.runs) == 1


def test_a_bundle_that_is_not_there_is_named(kubeflow):
    cluster = Cluster(endpoint=kubeflow.endpoint, namespace="biasgate-runs", ca=Path("/nowhere/ca.pem"))
    with pytest.raises(InputError, match=r"/nowhere/ca\.pem"):
        submit("gate", GATE, cluster=cluster, account="biasgate-runner")
