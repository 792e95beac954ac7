from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.errors import InputError, TrustError
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.log import append
from biasgate.gate.policy import policy_text, read_policy
from biasgate.gate.trust.keys import generate_key, read_signing_key
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


@pytest.fixture
def waive(tmp_path, monkeypatch):
    """Signs a waiver of one of the demo's rules, as Cleo or in her name."""
    run("keys", "generate", str(tmp_path / "cleo"), "--trusted", str(tmp_path / "trusted"), "--owner", "Cleo",
        "--role", "approver")  # fmt: skip
    monkeypatch.setenv("BIASGATE_SIGNING_KEY_FILE", str(tmp_path / "cleo" / "signing-key.pem"))
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))

    def sign(*, rule: str = "onnx_parity", owner: str = "ben", person: str = "Cleo"):
        return run("waive", str(tmp_path / "waivers.json"), "--policy", "digits_demo", "--rule", rule, "--model",
                   "digits", "--owner", owner, "--as", person, "--reason", "known", "--days", "9")  # fmt: skip

    return sign


def test_a_signed_waiver_lifts_its_rule_until_it_expires_or_its_key_does(file, waive, tmp_path):
    assert waive().exit_code == 0
    asked = ("decide", file, "--policy", "digits_demo", "--json")
    given = (*asked, "--waivers", str(tmp_path / "waivers.json"))
    late = f"{datetime.now(UTC) + timedelta(days=10):%Y-%m-%d}"
    assert [run(*given).exit_code, run(*given, "--at", late).exit_code, run(*asked).exit_code] == [5, 4, 4]
    run("keys", "revoke", next((tmp_path / "trusted").glob("*.pem")).stem, "--reason", "left")
    refused = run(*given)
    assert refused.exit_code == 4
    assert "does not count: the key of Cleo was retired" in refused.stderr


@pytest.mark.parametrize("wrong", [{"rule": "gap"}, {"owner": "cleo"}, {"person": "Bo"}])
def test_a_waiver_that_could_not_hold_is_not_signed(waive, wrong, tmp_path):
    assert isinstance(waive(**wrong).exception, InputError | TrustError)
    assert not (tmp_path / "waivers.json").exists()


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


def test_built_in_policies_are_listed_a_line_each():
    names = ["digits_demo", "impact_ratio", "screening", "strict"]
    assert run("policy", "list").stdout.splitlines() == names
    assert json.loads(run("policy", "list", "--json").stdout) == names


def test_a_policy_is_explained_in_words_and_figures():
    explained = run("policy", "explain", "impact_ratio", "--clusters", "1000", "--subgroups", "3")
    assert "must be at least .80 times" in " ".join(explained.stdout.split())
    figures = json.loads(run("policy", "explain", "impact_ratio", "--clusters", "5000", "--json").stdout)
    (two, *_) = figures["rules"][0]["power"]
    limit = float(re.search(r"at least (\.\d+) times", figures["rules"][0]["words"])[1])
    assert two["certifies"] == [{"clusters": 5000, "value": ratio_to_pass(0.3, limit, 5000)}]
    assert (two["subgroups"], two["enough"] > 100) == (2, True)


def test_a_policy_that_can_approve_nothing_does_not_pass_the_check(tmp_path):
    path = tmp_path / "policy.yaml"
    path.write_text(policy_text("digits_demo").replace("attribute: alignment\n    max", "attribute: hue\n    max"))
    assert "hue is no attribute" in str(run("policy", "check", str(path)).exception)
    assert run("policy", "check", "digits_demo").exit_code == 0
