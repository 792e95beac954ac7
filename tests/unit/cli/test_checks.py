"""``biasgate check`` takes what ``evaluate --json`` gives: the outcome in words, three numbers, an exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import biasgate
from biasgate.cli.app import app
from biasgate.errors import InputError

POLICY = """
schema: biasgate/policy/v1
name: loans
evaluation: {metrics: [accuracy, selection_rate], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: reject, on_abstain: require_human}
rules:
  - {id: floor, kind: floor, min: 0.7}
  - {id: worst, kind: worst_group, attribute: sex, min: 0.6}
  - {id: gap, kind: gap, attribute: sex, max: 0.1}
  - {id: four_fifths, kind: ratio, attribute: sex, min: 0.8}
  - {id: parity, kind: onnx_parity, max: 1.0e-4}
looks: 1
"""


@pytest.fixture
def policy(tmp_path: Path) -> str:
    (tmp_path / "policy.yaml").write_text(POLICY)
    return str(tmp_path / "policy.yaml")


def check(tmp_path: Path, policy: str, *more: str, rows: int = 4000, women: float = 0.9, men: float = 0.9):
    """What the command says of a model that is right in these shares, half of whose people are selected."""
    truth = [0, 1] * rows
    right = [i % 100 < 100 * share for share in (women, men) for i in range(rows)]
    evaluation = biasgate.evaluate(
        y_true=truth,
        y_pred=[label if fine else 1 - label for label, fine in zip(truth, right, strict=True)],
        attributes={"sex": ["f"] * rows + ["m"] * rows},
        policy=policy,
    )
    (tmp_path / "evaluation.json").write_bytes(evaluation.to_json())
    return CliRunner().invoke(app, ["check", str(tmp_path / "evaluation.json"), "--policy", policy, *more])


@pytest.mark.parametrize(
    ("rows", "men", "code", "word"),
    [(4000, 0.9, 0, "PASS"), (4000, 0.6, 4, "FAIL"), (100, 0.9, 5, "INSUFFICIENT")],
)
def test_it_ends_with_the_exit_code_of_the_verdict_and_says_it_first(tmp_path, policy, rows, men, code, word):
    ended = check(tmp_path, policy, rows=rows, men=men)
    assert ended.exit_code == code
    assert ended.stdout.startswith(f"{word}: ")
    assert json.loads(check(tmp_path, policy, "--json", rows=rows, men=men).stdout)["outcome"] == word.lower()


def test_the_three_numbers_that_decided_come_first_and_worst_first(tmp_path, policy):
    ended = check(tmp_path, policy, men=0.6)
    table = ended.stdout[ended.stdout.index("what decided") : ended.stdout.index("finding")].splitlines()
    rows = [line.split()[0] for line in table if line.strip().endswith(("fail", "insufficient", "pass"))]
    assert rows == ["gap", "worst", "floor"]
    assert "30 points" in next(line for line in table if "gap" in line)


def test_it_says_what_would_settle_and_what_it_cannot_tell(tmp_path, policy):
    said = " ".join(check(tmp_path, policy, rows=100).stdout.split())
    assert "would settle it four times in five" in said
    assert "not checked here: The ONNX form's logits" in said


def test_what_was_measured_by_another_policy_is_refused(tmp_path, policy):
    check(tmp_path, policy)
    ended = CliRunner().invoke(app, ["check", str(tmp_path / "evaluation.json"), "--policy", "strict"])
    assert isinstance(ended.exception, InputError)
    assert "measured something else" in str(ended.exception)


def test_decide_points_to_check_where_it_is_given_an_evaluation(tmp_path, policy):
    check(tmp_path, policy)
    ended = CliRunner().invoke(app, ["decide", str(tmp_path / "evaluation.json"), "--policy", policy])
    assert isinstance(ended.exception, InputError)
    assert "biasgate check" in str(ended.exception)
