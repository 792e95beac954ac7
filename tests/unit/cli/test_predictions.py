"""Predictions in a table, from the command line: measured, checked against a gate, submitted; never run."""

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import CandidateError, InputError
from biasgate.models.candidates import checked_elsewhere, open_candidate
from biasgate.models.package import open_package
from biasgate.models.submission import import_candidate

POLICY = """
name: strict
evaluation: {attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: gap, kind: gap, attribute: sex, max: 0.1}]
looks: 2
"""
DATA = """
name: test people
data: {kind: truth, file: {uri: people.csv}, label: hired, classes: ["no", "yes"], attributes: [sex], key: id}
"""
GATE = "{schema: biasgate/gate/v1, model: hiring, policy: policy.yaml, test: test.yaml}"
CARD = {"schema": "biasgate/predictions-card/v1", "name": "hiring", "classes": ["no", "yes"], "submitter": "ana"}
COLUMNS = ("--probability", "yes=p", "--key", "id")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four hundred people, and an answer about each that is right for men and for three women in four."""
    monkeypatch.chdir(tmp_path)
    people = pd.DataFrame({"id": range(400), "sex": ["f", "m"] * 200, "hired": ["no", "no", "yes", "yes"] * 100})
    people.to_csv("people.csv", index=False)
    right = (people["sex"] == "m") | (people.index % 8 > 1)
    scores = people[["id"]].assign(
        p=[0.9 if (hired == "yes") == ok else 0.2 for hired, ok in zip(people["hired"], right, strict=True)]
    )
    Path("api").mkdir()
    scores.sample(frac=1, random_state=0).to_parquet("api/predictions.parquet")
    columns = {"probabilities": {"yes": "p"}, "key": "id"}
    Path("api/card.json").write_text(json.dumps(CARD | {"columns": columns}))
    for name, text in {"policy.yaml": POLICY, "test.yaml": DATA, "gate.yaml": GATE}.items():
        Path(name).write_text(text)
    return tmp_path


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def evaluate(*arguments: str):
    return run("evaluate", *arguments, "--data", "test.yaml", "--policy", "policy.yaml", "--json")


def test_a_table_of_predictions_is_measured_and_said_not_to_be_run():
    ended = evaluate("--predictions", "api/predictions.parquet", *COLUMNS)
    found = json.loads(ended.stdout)
    assert ended.exit_code == 4
    assert found["provider"] == "predictions"
    assert {cell["subgroup"].get("sex"): cell["successes"] for cell in found["cells"]} == {
        None: 350,
        "f": 150,
        "m": 200,
    }


def test_a_folder_with_a_card_gives_the_same_numbers():
    loose, carded = (
        json.loads(evaluate(*given).stdout)
        for given in (("--predictions", "api/predictions.parquet", *COLUMNS), ("api",))
    )
    assert loose["cells"] == carded["cells"]
    assert carded["model"] == import_candidate(Path("api"), Path("package")).digest


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("api", "--predictions", "api/predictions.parquet"),
        ("api", "--key", "id"),
        ("--predictions", "api/predictions.parquet", "--probability", "p"),
        ("--predictions", "api/predictions.parquet", *COLUMNS, "--before", "api"),
    ],
)
def test_options_that_do_not_go_together_are_a_usage_error(arguments):
    assert evaluate(*arguments).exit_code == 2


def test_no_column_named_is_refused_with_what_may_be_named():
    assert "predicted" in str(evaluate("--predictions", "api/predictions.parquet").exception)


def test_a_gate_says_of_predictions_that_its_policy_takes_none():
    ended = run("check", "gate.yaml", "api", "--json")
    assert ended.exit_code == 5
    (said,) = [rule for rule in json.loads(ended.stdout)["rules"] if rule["rule"] == "evaluation"]
    assert "the model was not run" in said["sentence"].lower()


def test_a_gate_judges_a_table_without_a_card_as_it_judges_the_folder():
    Path("policy.yaml").write_text(f"{POLICY}predictions: allowed\n")
    table = ("--predictions", "api/predictions.parquet", *COLUMNS)
    loose, carded = (run("check", "gate.yaml", *given, "--json") for given in (table, ("api",)))
    assert (loose.exit_code, carded.exit_code) == (4, 4)
    assert json.loads(loose.stdout)["rules"] == json.loads(carded.stdout)["rules"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("gate.yaml", "api", "--predictions", "api/predictions.parquet"),
        ("gate.yaml", "api", "--key", "id"),
        ("evaluation.json", "--policy", "policy.yaml", "--predictions", "api/predictions.parquet"),
        ("api", "gate.yaml"),
    ],
)
def test_a_check_of_two_things_at_once_or_the_wrong_way_round_is_a_usage_error(arguments):
    assert run("check", *arguments).exit_code == 2


def test_predictions_of_another_kind_are_refused(tmp_path: Path):
    Path("answers.xlsx").write_text("no table")
    with pytest.raises(InputError, match="one CSV or Parquet file"):
        raise run("check", "gate.yaml", "--predictions", "answers.xlsx", *COLUMNS).exception or AssertionError


def test_a_gate_whose_policy_takes_predictions_decides_by_its_rules():
    Path("policy.yaml").write_text(f"{POLICY}predictions: allowed\n")
    ended = run("check", "gate.yaml", "api", "--json")
    assert ended.exit_code == 4
    rules = {rule["rule"]: rule["outcome"] for rule in json.loads(ended.stdout)["rules"]}
    assert (rules["evaluation"], rules["gap"]) == ("pass", "fail")


def test_a_preflight_finds_a_row_without_prediction_before_any_look():
    frame = pd.read_parquet("api/predictions.parquet")
    frame.iloc[5:].to_parquet("api/predictions.parquet")
    ended = run("gate", "preflight", "gate.yaml", "api", "--json")
    assert ended.exit_code == InputError.exit_code
    assert "5 of 400 rows have no prediction" in ended.stdout


def test_a_package_of_predictions_is_known_by_one_digest_over_table_and_card(tmp_path):
    package = import_candidate(Path("api"), tmp_path / "package")
    assert checked_elsewhere(package.path) == package
    before = package.digest
    (package.path / "predictions.parquet").write_bytes(b"other")
    assert open_candidate(package.path).digest != before


def test_what_needs_a_model_says_that_there_is_none():
    with pytest.raises(CandidateError, match="and no model"):
        open_package(Path("api"))


def test_a_model_beside_predictions_is_refused(tmp_path):
    Path("api/model.onnx").write_bytes(b"?")
    with pytest.raises(CandidateError, match="no part of a candidate"):
        import_candidate(Path("api"), tmp_path / "package")
