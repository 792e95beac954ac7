from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError, TrustError
from biasgate.gate.decide import decide
from biasgate.gate.entry import DecisionBody
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.log import append
from biasgate.gate.policy import policy_text, read_policy
from biasgate.gate.sign import generate_key, read_signing_key
from biasgate.statistics.power import ratio_to_pass

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


@pytest.fixture
def evidence() -> Evidence:
    """Nothing but a digest and a fine ONNX form: every rule but parity lacks evidence."""
    candidate = Subject(name="digits", source="s", digest="sha256:" + "1" * 64, training_data="t", submitter="ana")
    return Evidence(candidate=candidate, parity=1.0, looks=0, code="0.1.0")


@pytest.fixture
def file(evidence, tmp_path):
    path = tmp_path / "evidence.json"
    path.write_bytes(evidence.to_json())
    return str(path)


def test_a_waiver_in_force_lifts_its_rule_and_an_expired_one_does_not(file, tmp_path):
    waivers = tmp_path / "waivers.yaml"
    waivers.write_text(
        "waivers:\n  - {rule: onnx_parity, owner: ben, reason: known, approved_by: cleo, "
        "expires: 2026-12-01T00:00:00Z}\n"
    )
    asked = ("decide", file, "--policy", "digits_demo", "--json")
    codes = [
        run(*asked, "--at", moment, "--waivers", str(waivers)).exit_code for moment in ("2026-11-22", "2026-12-02")
    ]
    assert codes == [5, 4]
    assert run(*asked).exit_code == 4


def test_a_waiver_file_with_a_mistake_is_refused(file, tmp_path):
    (tmp_path / "waivers.yaml").write_text("waivers: [{rule: onnx_parity}]")
    failed = run("decide", file, "--policy", "digits_demo", "--waivers", str(tmp_path / "waivers.yaml"))
    assert isinstance(failed.exception, InputError)


@pytest.fixture
def signed(evidence, tmp_path):
    """Logs decisions in a fresh log; gives the options that replay it."""
    file = generate_key(tmp_path / "keys")
    key = read_signing_key(file.read_bytes(), where="test")
    log, trusted = str(tmp_path / "log"), str(tmp_path / "keys" / "trusted")

    def write(**change) -> list[str]:
        decision = decide(read_policy("digits_demo"), evidence, (), AT).model_copy(update=change)
        append(log, DecisionBody(decision=decision, evidence=evidence, policy=policy_text("digits_demo")), key=key)
        return ["decide", "--replay", log, "--trusted", trusted, "--entry"]

    return write


def test_a_logged_decision_repeats_bit_for_bit(signed):
    repeated = run(*signed(), "1", "--json")
    assert repeated.exit_code == 0
    assert json.loads(repeated.stdout)["identical"] is True


def test_a_logged_decision_that_does_not_repeat_breaks_trust(signed):
    failed = run(*signed(reasons=("All is well.",)), "1")
    assert isinstance(failed.exception, TrustError)
    assert failed.exception.exit_code == 7


def test_an_entry_that_is_no_decision_is_named(signed):
    assert isinstance(run(*signed(), "2").exception, InputError)


def test_replay_and_a_fresh_decision_do_not_mix(file, signed):
    assert run(*signed(), "1", "--policy", "digits_demo").exit_code == 2
    assert run("decide", file).exit_code == 2


def test_a_policy_is_explained_in_words_and_figures():
    explained = run("policy", "explain", "impact_ratio", "--units", "1000")
    assert "must be at least .80 times" in " ".join(explained.stdout.split())
    assert f"{ratio_to_pass(0.3, 0.8, 1000):.3f}".removeprefix("0") in explained.stdout
    figures = json.loads(run("policy", "explain", "impact_ratio", "--units", "1000", "--json").stdout)
    assert figures["rules"][0]["certifies"][0]["units"] == 1000


def test_a_policy_that_can_approve_nothing_does_not_pass_the_check(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(policy_text("digits_demo").replace("attribute: alignment\n    max", "attribute: hue\n    max"))
    assert "hue is no attribute" in str(run("policy", "check", str(path)).exception)
    assert run("policy", "check", "digits_demo").exit_code == 0
