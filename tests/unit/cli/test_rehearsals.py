"""On this machine alone: ``biasgate check`` decides as the gate would, ``biasgate gate preflight`` takes no look."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hiring import GATE, POLICY, candidate, people, prepare
from typer.testing import CliRunner

import biasgate
from biasgate.cli.app import app
from biasgate.data.rows import row_digests
from biasgate.data.source import open_dataset
from biasgate.errors import CandidateError, InputError, TrustError
from biasgate.gate.ledger.log import read_history
from biasgate.gate.ledger.looks import take_look
from biasgate.gate.trust.keyring import trusted_keys
from biasgate.gate.trust.keys import read_signing_key
from biasgate.gate.trust.rotation import new_key, revoke_key


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A gate file and what it names; no log, no registry, no keys."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("BIASGATE_", "MLFLOW_"))]:
        monkeypatch.delenv(name)
    prepare()
    return tmp_path


def check(*arguments: str):
    return CliRunner().invoke(app, ["check", *arguments])


def test_a_fair_candidate_would_be_approved_and_a_person_would_sign_as_the_policy_says():
    ended = check("gate.yaml", "hiring", "--json")
    said = json.loads(ended.stdout)
    assert (ended.exit_code, said["verdict"], said["human"]) == (0, "APPROVED", True)
    assert {rule["rule"]: rule["outcome"] for rule in said["rules"]}["floor"] == "pass"


def test_an_unfair_candidate_would_be_rejected_in_the_gates_words():
    people(wrong_of_women=2)
    ended = check("gate.yaml", "hiring")
    assert ended.exit_code == 4
    assert "Would be REJECTED by strict. A check is unsigned" in ended.stdout
    assert "gap" in ended.stdout


def test_an_attribute_that_the_test_data_lacks_is_named_before_the_candidate_is_opened():
    Path("policy.yaml").write_text(POLICY.replace("sex", "race"))
    ended = check("gate.yaml", "nothing-here")
    assert isinstance(ended.exception, InputError)
    assert str(ended.exception).startswith("no attribute 'race' [")


def test_what_needs_a_log_or_a_registry_is_said_to_be_unchecked():
    Path("gate.yaml").write_text(GATE.replace("scan: none", "scan: models:/reader@champion"))
    said = json.loads(check("gate.yaml", "hiring", "--json").stdout)
    assert {sentence.rpartition("(")[2] for sentence in said["unchecked"]} == {"looks)", "worse)", "weight_scan)"}
    assert not {"looks", "worse", "weight_scan"} & {rule["rule"] for rule in said["rules"]}


def test_a_check_of_a_graph_that_declares_no_architecture_loads_no_torch():
    script = (
        "import contextlib, sys\n"
        "from biasgate.cli.app import app\n"
        "with contextlib.suppress(SystemExit):\n"
        "    app(['check', 'gate.yaml', 'hiring'])\n"
        "print(*(name for name in ('numpy', 'torch') if name in sys.modules))\n"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.startswith("Would be APPROVED")
    assert ran.stdout.splitlines()[-1] == "numpy"


def test_a_check_leaves_nothing_behind(folder):
    before = sorted(folder.iterdir())
    check("gate.yaml", "hiring")
    assert sorted(folder.iterdir()) == before


def test_the_gate_of_another_model_is_refused():
    candidate("lending")
    assert isinstance(check("gate.yaml", "lending").exception, InputError)


@pytest.mark.parametrize("arguments", [["gate.yaml"], ["gate.yaml", "hiring", "--policy", "policy.yaml"]])
def test_a_gate_goes_with_a_candidate_and_an_evaluation_with_a_policy(arguments):
    assert check(*arguments).exit_code == 2


def test_the_declared_limits_hold_for_the_candidate():
    Path("gate.yaml").write_text(GATE + "inference: {memory: 100MiB}\n")
    with pytest.raises(CandidateError, match="failed in its sandbox"):
        raise check("gate.yaml", "hiring").exception or AssertionError


def preflight(*arguments: str):
    ended = CliRunner().invoke(app, ["gate", "preflight", *arguments, "--json"])
    found = json.loads(ended.stdout)
    assert found["ready"] == (ended.exit_code == 0)
    return ended.exit_code, {trial["what"]: trial["outcome"] for trial in found["trials"]}, found["trials"]


def test_a_preflight_tries_all_that_takes_no_look():
    code, outcomes, _ = preflight("gate.yaml", "hiring")
    assert code == 0
    assert {what for what, outcome in outcomes.items() if outcome == "not tried"} == {
        "the champion that it is compared with",
        "looks that are left, the gate's key",
    }


def test_a_preflight_says_every_fault_at_once_and_ends_with_the_code_of_the_first():
    candidate("lending")
    Path("policy.yaml").write_text(POLICY.replace("attributes: [sex]", "attributes: [age]").replace("sex", "age"))
    code, outcomes, trials = preflight("gate.yaml", "lending")
    assert code == InputError.exit_code
    assert [what for what, outcome in outcomes.items() if outcome == "failed"] == [
        "its name",
        "what the policy measures",
    ]
    assert "the card says lending" in next(one["reason"] for one in trials if one["what"] == "its name")


def test_what_takes_a_package_is_not_tried_without_one():
    Path("hiring/model.onnx").write_bytes(b"no model")
    code, outcomes, _ = preflight("gate.yaml", "hiring")
    assert code == CandidateError.exit_code
    assert outcomes["the candidate's package"] == "failed"
    assert outcomes["the model on a few rows, as it serves"] == "not tried"
    assert outcomes["the test data"] == "ok"


@pytest.fixture
def declared(tmp_path, monkeypatch) -> None:
    """Ana declares the gate of a log, and her key stays in the environment."""
    new_key(tmp_path / "ana", trusted=tmp_path / "trusted", owner="ana", roles=["owner"])
    new_key(tmp_path / "gate", trusted=tmp_path / "trusted", owner="gate", roles=["gate"])
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", "trusted")
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", "ana/signing-key.pem")
    monkeypatch.setenv("BIASGATE_LOG", "log")
    Path("policy.yaml").write_text("\n".join(line for line in POLICY.splitlines() if "champion" not in line))
    assert preflight("hiring", "hiring")[:2][0] == InputError.exit_code
    assert CliRunner().invoke(app, ["gate", "declare"]).exit_code == 0


def test_a_preflight_by_the_log_holds_the_data_to_what_was_declared(declared):
    code, outcomes, _ = preflight("hiring", "hiring")
    assert (code, set(outcomes.values())) == (0, {"ok"})
    assert len(list(Path("log/entries").iterdir())) == 1
    people(wrong_of_women=1)
    code, outcomes, _ = preflight("hiring", "hiring")
    assert (code, outcomes["the test data"]) == (TrustError.exit_code, "failed")


def reasons() -> dict[str, str]:
    """What a preflight by the log says, by what it tried."""
    return {trial["what"]: f"{trial['outcome']}: {trial['reason']}" for trial in preflight("hiring", "hiring")[2]}


def test_a_preflight_says_which_look_it_would_be_and_whether_the_gates_key_may_sign(declared, monkeypatch):
    said = reasons()
    assert said["looks that are left"] == "ok: look 1 of the 2 that the policy allows"
    assert said["the gate's key"].startswith("ok: a trusted key may sign")
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", "gate/signing-key.pem")
    assert reasons()["the gate's key"] == "ok: the key of this environment may sign"
    gate = read_signing_key(Path("gate/signing-key.pem").read_bytes(), where="gate")
    data = read_history("log", trusted_keys()).gate("hiring")[1].gate.test
    rows = row_digests(open_dataset(data.source).samples)
    for other in "12":
        look = {"data": data.digest, "rows": rows, "name": "hiring", "digest": "sha256:" + 64 * other}
        take_look("log", **look, key=gate, trusted=trusted_keys())
    assert "it would be look 3 of the 2" in reasons()["looks that are left"]
    revoke_key(Path("trusted"), gate.public_key.keyid, reason="rotated")
    assert "was retired" in reasons()["the gate's key"]


def test_a_graph_without_a_card_is_measured_with_a_drafted_one_under_the_gates_name():
    Path("hiring/card.json").unlink()
    ended = check("gate.yaml", "hiring", "--json")
    assert (ended.exit_code, json.loads(ended.stdout)["model"]) == (0, "hiring")


@pytest.mark.parametrize(
    ("candidate", "told"),
    [
        ("absent", "nothing at that path"),
        ("hiring/model.onnx", "it is a file.*a folder of its own as model.onnx"),
        ("people.csv", "it is a file.*--predictions"),
        ("http://there/model", "not fetched from http: .*models:/name/version"),
        ("model:/hiring/1", "not fetched from model:"),
    ],
)
def test_what_is_no_candidate_is_refused_with_what_would_be_one(candidate, told):
    with pytest.raises(InputError, match=told):
        raise check("gate.yaml", candidate).exception or AssertionError


def test_evaluate_measures_the_same_package_as_the_check():
    checked = json.loads(check("gate.yaml", "hiring", "--json").stdout)
    arguments = ["evaluate", "hiring", "--data", "test.yaml", "--policy", "policy.yaml", "--json"]
    assert json.loads(CliRunner().invoke(app, arguments).stdout)["model"] == checked["candidate"]


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--memory", "100MiB"), "failed in its sandbox"),
        (("--device", "cuda"), "run on cuda, and this ONNX Runtime has"),
        (("--memory", "6GB"), "memory"),
        (("--seconds", "0"), "seconds"),
        (("--device", "tpu"), "device"),
    ],
)
def test_the_limits_of_an_evaluation_are_options_in_the_words_of_a_gate(option, told):
    arguments = ["evaluate", "hiring", "--data", "test.yaml", "--policy", "policy.yaml", *option]
    with pytest.raises(InputError, match=told):
        raise CliRunner().invoke(app, arguments).exception or AssertionError


def test_the_limits_of_an_evaluation_in_python_are_those_of_a_gate():
    def evaluated(inference: dict[str, object]) -> biasgate.Evaluation:
        return biasgate.evaluate("hiring", "test.yaml", policy="policy.yaml", inference=inference)

    assert evaluated({"threads": 1, "memory": "1GiB"}).rows == 400
    refused: dict[str, dict[str, object]] = {"run on cuda": {"device": "cuda"}, "minutes": {"minutes": 3}}
    for told, inference in refused.items():
        with pytest.raises(InputError, match=told):
            evaluated(inference)
