"""Whose rules, models and files are taken: allowed policies, registered models made first by others, hostile files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.documents import sha256
from biasgate.errors import InputError
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.log import read_log
from biasgate.gate.policy import policy_text
from biasgate.gate.trust.sign import sign
from biasgate.registry.client import connect
from biasgate.registry.models import fetch, submit_candidate
from biasgate.registry.ownership import PREDICATE_TYPE, is_foreign, is_taken

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


@pytest.fixture
def command(gate, tmp_path, monkeypatch):
    """``biasgate promote`` with the promoter's key."""
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(tmp_path / "promoter" / "signing-key.pem"))
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    return lambda *options: CliRunner().invoke(app, ["promote", "--log", gate.log, "--json", *options])


@pytest.fixture
def allowed(tmp_path) -> Path:
    (tmp_path / "policies").mkdir()
    return tmp_path / "policies"


def used(gate) -> str:
    decision = read_log(gate.log, gate.trusted)[2].body
    assert isinstance(decision, DecisionBody)
    return decision.policy


def test_a_decision_by_an_allowed_policy_is_carried_out(submit, gate, registry, command, allowed):
    submit()
    (allowed / "ours.yaml").write_text(f"# a comment and another order change no rule\n{used(gate)}")
    (allowed / "demo.yaml").write_text(policy_text("digits_demo"))
    ended = command("--policies", str(allowed))
    assert (ended.exit_code, registry.champion) == (0, "1")


def test_a_decision_by_another_policy_fails_with_an_alert(submit, gate, registry, command, allowed):
    submit()
    (allowed / "stricter.yaml").write_text(used(gate).replace("min: 0.75", "min: 0.8"))
    ended = command("--policies", str(allowed))
    assert (ended.exit_code, registry.versions) == (7, [])
    (outcome,) = json.loads(ended.stdout)
    assert outcome["status"] == "FAILED"
    assert "not one of those allowed" in outcome["reason"]


def test_the_environment_can_name_the_folder(submit, gate, registry, command, allowed, monkeypatch):
    submit()
    (allowed / "demo.yaml").write_text(policy_text("digits_demo"))
    monkeypatch.setenv("BIASGATE_POLICIES", str(allowed))
    assert command().exit_code == 7
    assert registry.versions == []


@pytest.mark.parametrize("content", [None, "rules: []", "name: x\nunknown: 1\n"])
def test_a_folder_without_a_valid_policy_promotes_nothing(submit, gate, registry, command, allowed, content):
    submit()
    if content:
        (allowed / "broken.yaml").write_text(content)
    assert isinstance(command("--policies", str(allowed)).exception, InputError)
    assert (registry.versions, gate.history().statuses) == ([], {})


def test_a_person_cannot_approve_what_an_allowed_policy_did_not_decide(submit, gate, registry, command, allowed):
    submit(flagged=True)
    gate.answer(3)
    (allowed / "demo.yaml").write_text(policy_text("digits_demo"))
    assert command("--policies", str(allowed)).exit_code == 7
    assert registry.versions == []


def test_a_registered_model_that_somebody_else_made_first_is_not_taken(submit, gate, registry, command):
    submit()
    connect().create_registered_model(registry.name, tags={"biasgate.made_by": "promoter"})
    ended = command()
    assert (ended.exit_code, registry.versions, gate.history().statuses) == (7, [], {})
    assert json.loads(ended.stderr.splitlines()[0])["kind"] == "foreign_model"
    connect().delete_registered_model(registry.name)
    assert command().exit_code == 0
    assert registry.champion == "1"


def test_the_tag_that_says_who_made_a_model_is_short_and_a_whole_statement_is_still_read(
    submit, gate, registry, command, package
):
    submit()
    command()
    tag = connect().get_registered_model(registry.name).tags["biasgate.made_by"]
    assert len(tag) == 32
    assert not is_foreign(registry.name, trusted=gate.trusted)
    other = f"{registry.name}-2"
    subject = other, sha256(other.encode())
    signed = sign({"name": other}, predicate_type=PREDICATE_TYPE, subject=subject, key=gate.keys["promoter"])
    connect().create_registered_model(other, tags={"biasgate.made_by": signed.decode()})
    assert not is_foreign(other, trusted=gate.trusted)
    connect().create_registered_model(f"{registry.name}-3", tags={"biasgate.made_by": "0" * 32})
    assert is_foreign(f"{registry.name}-3", trusted=gate.trusted)


def test_a_model_that_its_owner_registered_is_taken_and_a_free_or_a_promoters_name_is_not(submit, registry, command):
    own = f"{registry.name}-own"
    assert not is_taken(own)
    connect().create_registered_model(own)
    assert is_taken(own)
    submit()
    command()
    assert not is_taken(registry.name)


def test_the_tag_of_another_model_does_not_open_this_one(submit, gate, registry, command, package):
    submit()
    command()
    tag = connect().get_registered_model(registry.name).tags["biasgate.made_by"]
    other = package(1.0, card_name=f"{registry.name}-2")
    gate.decide(other, submit_candidate(other, name=f"{registry.name}-2"))
    connect().create_registered_model(f"{registry.name}-2", tags={"biasgate.made_by": tag})
    assert command().exit_code == 7
    assert connect().search_model_versions(f"name = '{registry.name}-2'") == []


HOSTILE = """
flavors:
  python_function: {loader_module: evil, code: code, data: python_model.pkl}
  sklearn: {pickled_model: model.pkl, serialization_format: cloudpickle}
metadata: !!python/object/apply:os.system ["touch executed"]
"""


def test_what_mlflow_would_load_of_a_submission_is_never_loaded_and_never_promoted(
    tracking, package, gate, registry, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    candidate, client = package(), connect()
    folder = tmp_path / "submission"
    shutil.copytree(candidate.path, folder)
    (folder / "MLmodel").write_text(HOSTILE)
    (folder / "conda.yaml").write_text("!!python/object/apply:os.system ['touch executed']")
    (folder / "input_example.json").write_bytes(b"cos\nsystem\n(S'touch executed'\ntR.")
    run = client.create_run(client.create_experiment(f"{registry.name}-mallory"))
    client.log_artifacts(run.info.run_id, str(folder), "m")
    client.create_registered_model(f"{registry.name}-candidates")
    made = client.create_model_version(f"{registry.name}-candidates", source=f"{run.info.artifact_uri}/m")
    gate.decide(candidate, f"models:/{registry.name}-candidates/{made.version}")
    assert gate.promote()[0].status == "PROMOTED"
    served, _ = fetch(f"models:/{registry.name}@champion", tmp_path / "served")
    assert {path.name for path in served.iterdir()} <= {"MLmodel", "model.onnx", "card.json"}
    assert "evil" not in (served / "MLmodel").read_text()
    assert not (tmp_path / "executed").exists()
