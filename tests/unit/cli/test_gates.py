"""``biasgate gate …`` from an empty folder: draft, declare, show, compare."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError, TrustError
from biasgate.gate.trust.rotation import new_key

POLICY = """
name: hiring
evaluation: {attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: floor, kind: floor, min: 0.7}]
looks: 2
"""
DATA = """
name: test people
data: {kind: csv, file: {uri: people.csv}, label: hired, classes: ["no", "yes"], numeric: [score], attributes: [sex]}
"""


def run(*arguments: str):
    return CliRunner().invoke(app, ["gate", *arguments])


def say(*arguments: str):
    ended = run(*arguments, "--json")
    assert ended.exit_code == 0, ended.output
    return json.loads(ended.stdout)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An owner's folder: a key, a policy, test data; its log is named by the environment."""
    monkeypatch.chdir(tmp_path)
    new_key(tmp_path / "ana", trusted=tmp_path / "trusted", owner="Ana", roles=["owner"])
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", "ana/signing-key.pem")
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", "trusted")
    monkeypatch.setenv("BIASGATE_LOG", "log")
    Path("policy.yaml").write_text(POLICY)
    Path("test.yaml").write_text(DATA)
    write_people("f,yes")
    return tmp_path


def write_people(first: str) -> None:
    sex, hired = first.split(",")
    rows = [f"1,{sex},{hired}", "2,m,no", "3,f,yes", "4,m,yes"]
    Path("people.csv").write_text("\n".join(["score,sex,hired", *rows]) + "\n")


def test_a_draft_is_declared_as_it_is_and_then_shown():
    assert "biasgate gate declare gate.yaml" in run("init", "hiring").stdout
    told = say("declare")
    assert (told["entry"], told["new"], told["gate"]["model"]) == (1, True, "hiring")
    shown = run("show", "hiring").stdout
    assert "gate 1 of hiring, declared by Ana: in force" in shown
    assert told["gate"]["test"]["digest"][:30] in shown.replace("\n", "")
    assert say("show", "hiring")["gate"] == told["gate"]


def test_a_draft_never_takes_the_place_of_a_file():
    run("init", "hiring")
    assert isinstance(run("init", "hiring").exception, InputError)


def test_a_draft_takes_what_is_already_known():
    run("init", "hiring", "--policy", "impact_ratio", "--repair", "repair.yaml", "--scan", "none", "--into", "g.yaml")
    text = Path("g.yaml").read_text()
    assert "repair: {data: repair.yaml}" in text
    assert "policy: impact_ratio" in text
    assert "scan: none" in text


def test_declaring_again_writes_nothing_until_something_changed():
    run("init", "hiring")
    run("declare")
    assert "nothing was written" in run("declare").stdout
    assert say("declare")["new"] is False
    Path("policy.yaml").write_text(POLICY.replace("0.7", "0.8"))
    assert "gate 2 of hiring is in force, in the place of gate 1" in run("declare").stdout
    assert "declared by Ana: gate 2 is in force" in run("show", "hiring", "--entry", "1").stdout


def test_test_data_is_declared_by_its_content():
    run("init", "hiring")
    first = say("declare")["gate"]["test"]
    write_people("f,no")
    second = say("declare")["gate"]["test"]
    assert first["source"] == second["source"]
    assert first["digest"] != second["digest"]


def test_two_declarations_and_a_file_are_compared_in_words():
    run("init", "hiring")
    run("declare")
    Path("policy.yaml").write_text(POLICY.replace("min: 0.7", "min: 0.2"))
    run("declare")
    changed = {one["what"]: (one["before"], one["after"]) for one in say("diff", "1", "2")}
    before, after = changed["rule floor"]
    assert (".7" in before, ".2" in after) == (True, True)
    assert run("diff", "2", "gate.yaml").stdout == "the two gates say the same\n"
    assert "rule floor: " in run("diff", "1", "gate.yaml").stdout


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (["show", "hiring"], InputError, "no such gate is declared.*biasgate gate declare"),
        (["diff", "1", "gate.yaml"], InputError, "no gate is declared there"),
        (["declare", "missing.yaml"], InputError, "missing.yaml"),
    ],
)
def test_what_is_not_there_is_said_in_a_line(arguments, error, message):
    ended = run(*arguments)
    assert isinstance(ended.exception, error)
    assert re.search(message, str(ended.exception))


def test_a_number_needs_a_log(monkeypatch):
    monkeypatch.delenv("BIASGATE_LOG")
    assert run("diff", "1", "2").exit_code == 2


def test_a_key_that_may_not_declare_is_found_out_before_the_data_is_read(monkeypatch, tmp_path):
    new_key(tmp_path / "gate", trusted=tmp_path / "trusted", owner="gate", roles=["gate"])
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", "gate/signing-key.pem")
    run("init", "hiring")
    Path("people.csv").unlink()
    assert isinstance(run("declare").exception, TrustError)
    assert not Path("log").exists()


def test_a_policy_that_no_candidate_can_pass_is_not_declared():
    Path("policy.yaml").write_text(POLICY.replace("kind: floor, min: 0.7", "kind: gap, attribute: age, max: 0.1"))
    run("init", "hiring")
    assert isinstance(run("declare").exception, InputError)
