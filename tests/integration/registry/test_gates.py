"""What a declared gate lets into the registry: decisions under it, and nothing decided otherwise."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.gate.ledger.entry import PromotionBody
from biasgate.gate.ledger.log import append
from biasgate.registry.models import register_package, set_alias, submit_candidate
from biasgate.registry.verify import verify_model

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


@pytest.fixture
def candidate(tracking, package, name):
    """A submission that a gate still has to decide about."""
    made = package()
    return made, submit_candidate(made, name=name)


def legacy(gate, package, source: str) -> int:
    """A decision as it was made before gates were declared; gives its number."""
    decided = gate.decide(package, source)
    for path in sorted(Path(gate.log, "entries").iterdir()):
        path.unlink()
    gate.look(package)
    body = decided.body.model_copy(update={"gate": None})
    return append(gate.log, body, key=gate.keys["gate"]).number


def served_before(gate, package, source: str, name: str) -> None:
    """A champion from before gates were declared."""
    number = legacy(gate, package, source)
    version = register_package(package, model=name).rsplit("/", 1)[-1]
    promoted = PromotionBody(
        entry=number, status="PROMOTED", reason="-", name=name, digest=package.digest, version=version
    )
    append(gate.log, promoted, key=gate.keys["promoter"])
    set_alias(name, "champion", version)


def test_a_decision_under_the_gate_in_force_is_promoted(candidate, gate, registry):
    gate.declare(registry.name)
    gate.decide(*candidate)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]
    assert registry.champion == "1"


@pytest.mark.parametrize(
    ("choice", "why"),
    [
        ({"data": "sha256:easy"}, "other test data than the gate declares"),
        ({"policy": "weak"}, "another policy than the gate declares"),
        ({"gate": None}, "before a gate was declared"),
        ({"gate": 2}, "under gate 2"),
        ({"gate": 99}, "under gate 99"),
    ],
    ids=["easy test data", "a weak policy", "no gate", "another model's gate", "a gate that nobody declared"],
)
def test_what_was_decided_otherwise_fails_with_an_alert(candidate, gate, registry, capsys, choice, why):
    weak = gate.rules.replace("min: 0.75", "min: 0.05")
    gate.declare(registry.name)
    gate.declare("other", policy=weak)
    gate.decide(*candidate, **(choice | ({"policy": weak} if "policy" in choice else {})))
    (outcome,) = gate.promote()
    assert (outcome.status, registry.versions) == ("FAILED", [])
    assert why in outcome.reason
    assert '"not_promoted"' in capsys.readouterr().err


def test_a_gate_that_was_replaced_makes_its_open_approvals_stale(candidate, gate, registry):
    gate.declare(registry.name)
    gate.decide(*candidate)
    gate.declare(registry.name, policy=gate.rules.replace("min: 0.75", "min: 0.8"))
    (outcome,) = gate.promote()
    assert (outcome.status, registry.versions) == ("STALE", [])
    assert "Measured under gate 1; gate 4 is in force." in outcome.reason
    gate.decide(*candidate)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]


def test_a_gate_replaced_while_a_person_decides_needs_another_decision(candidate, gate, registry):
    decided = gate.decide(*candidate, flagged=True)
    assert [outcome.status for outcome in gate.promote()] == ["PENDING"]
    gate.declare(registry.name, policy=gate.rules.replace("min: 0.75", "min: 0.8"))
    gate.answer(decided.number)
    assert [outcome.status for outcome in gate.promote()] == ["STALE"]
    assert registry.versions == []


def test_a_champion_serves_on_under_a_replaced_gate_and_everyone_says_so(
    candidate, gate, registry, monkeypatch, tmp_path
):
    package, _ = candidate
    gate.decide(*candidate)
    gate.promote()
    gate.declare(registry.name, policy=gate.rules.replace("min: 0.75", "min: 0.8"))
    told = "Measured under gate 1; gate 5 is in force."
    found = verify_model(str(package.path), log=gate.log, trusted=gate.trusted, model=registry.name)
    assert (found.gate, found.measured_under) == (1, told)
    assert gate.reconcile(registry.name).superseded == {registry.name: told}
    monkeypatch.setenv("BIASGATE_TRUSTED_KEYS", str(tmp_path / "trusted"))
    page = tmp_path / "report.html"
    ended = CliRunner().invoke(app, ["log", "report", gate.log, "--entry", "3", "--into", str(page), "--json"])
    assert json.loads(ended.stdout)["measured_under"] == told
    assert told in page.read_text()
    shown = CliRunner().invoke(app, ["verify", str(package.path), "--log", gate.log])
    assert told in shown.stdout


def test_a_log_from_before_promotes_nothing_more_and_says_the_command(candidate, gate, registry):
    legacy(gate, *candidate)
    (outcome,) = gate.promote()
    assert (outcome.status, registry.versions) == ("FAILED", [])
    assert "biasgate gate declare gate.yaml" in outcome.reason


def test_what_served_before_the_first_declaration_stays_verified_and_serves_on(candidate, gate, registry, package):
    before, source = candidate
    served_before(gate, before, source, registry.name)
    assert verify_model(str(before.path), log=gate.log, trusted=gate.trusted).gate is None
    gate.declare(registry.name)
    found = verify_model(str(before.path), log=gate.log, trusted=gate.trusted)
    assert found.measured_under == "Measured before a gate was declared; gate 4 is in force."
    gate.promote()
    assert (registry.champion, gate.reconcile(registry.name, revert=True).reevaluate) == ("1", ())
    later = package(2.0)
    gate.decide(later, submit_candidate(later, name=registry.name))
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]
    assert registry.champion == "2"


def test_an_approval_left_open_from_before_is_decided_again_under_the_gate(candidate, gate, registry):
    legacy(gate, *candidate)
    gate.declare(registry.name)
    assert [outcome.status for outcome in gate.promote()] == ["FAILED"]
    gate.decide(*candidate)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]


def test_only_the_approvers_of_a_gate_waive_its_rules(candidate, gate, registry):
    gate.declare(registry.name, approvers=["Ana"])
    waiver = gate.waive(registry.name, "floor", days=9)
    gate.decide(*candidate, accuracy=0.5, waivers=(waiver,))
    (outcome,) = gate.promote()
    assert outcome.status == "FAILED"
    assert "Bo, who waived floor, is no approver of the gate" in outcome.reason


def test_alerts_are_addressed_as_the_gate_says(candidate, gate, registry, capsys):
    gate.declare(registry.name, notify=["ops@example.org"])
    gate.decide(*candidate, accuracy=0.5, verdict="APPROVED")
    gate.promote()
    (alert,) = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert (alert["kind"], alert["notify"]) == ("not_promoted", ["ops@example.org"])


def test_a_promotion_that_a_promoter_signed_against_the_gate_counts_for_nothing(candidate, gate, registry):
    package, source = candidate
    gate.declare(registry.name)
    entry = gate.decide(package, source, data="sha256:easy")
    forced = PromotionBody(
        entry=entry.number, status="PROMOTED", reason="-", name=registry.name, digest=package.digest, version="1"
    )
    append(gate.log, forced, key=gate.keys["promoter"])
    assert gate.history().champions == {}
