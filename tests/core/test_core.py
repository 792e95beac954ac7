"""What the core promises without any extra: evaluate predictions, explain, decide, and verify an old log.

``make test-core`` runs this in an environment that holds the core and pytest alone.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import biasgate as library

Command = Callable[..., Any]
STORED = Path(__file__).parent / "stored"
LOG, TRUSTED, PACKAGE = STORED / "log", STORED / "trusted", STORED / "package"


def test_predictions_are_evaluated_and_explained(tmp_path: Path, biasgate: Command) -> None:
    evaluation = library.evaluate(
        y_true=["no", "yes"] * 100,
        y_pred=["no", "no", "yes", "yes"] * 50,
        attributes={"sex": ["female", "female", "male", "male"] * 50},
    )
    (tmp_path / "evaluation.json").write_bytes(evaluation.to_json())
    ended = biasgate("explain", tmp_path / "evaluation.json")
    assert ended.code == 0
    assert "Selection rate differs: sex = male above sex = female" in ended.out


def test_a_logged_decision_is_the_same_when_it_is_decided_again(biasgate: Command) -> None:
    ended = biasgate("decide", "--replay", LOG, "--entry", 1, "--trusted", TRUSTED)
    assert (ended.code, ended.out) == (0, "entry 1: APPROVED, identical bit for bit\n")


def test_a_decision_is_made_from_logged_evidence(tmp_path: Path, biasgate: Command) -> None:
    entry = json.loads(biasgate("log", "show", LOG, "--trusted", TRUSTED, "--json").out)[0]
    (tmp_path / "evidence.json").write_text(json.dumps(entry["body"]["evidence"]))
    (tmp_path / "policy.yaml").write_text(entry["body"]["policy"].replace("min: 0.7", "min: 0.95"))
    ended = biasgate("decide", tmp_path / "evidence.json", "--policy", tmp_path / "policy.yaml")
    assert ended.code == 4
    assert "the policy asks for .95 in every subgroup" in ended.out.replace("\n", " ")


def test_what_was_promoted_is_verified_and_other_bytes_are_not(tmp_path: Path, biasgate: Command) -> None:
    asked = ("--log", LOG, "--trusted", TRUSTED)
    assert biasgate("verify", PACKAGE, *asked, "--model", "loans").code == 0
    for file in PACKAGE.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / "model.onnx").write_bytes((PACKAGE / "model.onnx").read_bytes() + b"\n")
    assert biasgate("verify", tmp_path, *asked).code == 7
