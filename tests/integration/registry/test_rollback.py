from __future__ import annotations

import json

import pytest

from biasgate.errors import InputError, TrustError
from biasgate.gate.ledger.entry import RollbackBody
from biasgate.gate.ledger.log import append
from biasgate.registry.client import connect

pytestmark = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


def test_an_earlier_champion_serves_again_and_the_log_says_why(served_twice, gate, registry, capsys):
    entry = gate.roll_back(registry.name, "1")
    assert registry.champion == "1"
    assert (entry.body.by, entry.body.reason) == ("Di", "complaints")
    assert '"kind": "rollback"' in capsys.readouterr().err
    assert gate.promote() == []
    assert registry.champion == "1"


def test_what_was_rolled_back_is_out_of_service_until_somebody_wants_it_again(served_twice, gate, registry):
    gate.roll_back(registry.name, "1")
    assert gate.history().standings[registry.name, "2"].withdrawn == "complaints"
    gate.roll_back(registry.name, "2")
    assert (registry.champion, gate.history().standings[registry.name, "2"].withdrawn) == ("2", None)


def test_a_model_can_be_taken_out_of_service(served_twice, gate, registry):
    gate.roll_back(registry.name, None)
    assert registry.champion is None
    gate.promote()
    assert registry.champion is None


def test_after_a_rollback_an_approval_against_the_champion_that_left_is_stale(submit, served_twice, gate, registry):
    submit(3.0)
    gate.roll_back(registry.name, "1")
    assert [outcome.status for outcome in gate.promote()] == ["STALE"]
    submit(4.0)
    assert [outcome.status for outcome in gate.promote()] == ["PROMOTED"]


@pytest.mark.parametrize(("to", "why"), [("2", "holds the bytes that serve already"), ("7", "never served")])
def test_only_a_version_that_served_before_can_serve_again(served_twice, gate, registry, to, why):
    with pytest.raises(InputError, match=why):
        gate.roll_back(registry.name, to)
    assert registry.champion == "2"


def test_a_version_that_is_gone_from_the_registry_cannot_serve_again(served_twice, gate, registry):
    connect().delete_model_version(registry.name, "1")
    with pytest.raises(InputError, match=r"not found|not exist"):
        gate.roll_back(registry.name, "1")
    assert registry.champion == "2"


def test_only_a_promoter_rolls_back(served_twice, gate, registry):
    with pytest.raises(TrustError, match="no role promoter"):
        gate.roll_back(registry.name, "1", key=gate.keys["gate"])
    history = gate.history()
    forged = RollbackBody(
        name=registry.name,
        replaced=history.champions[registry.name],
        to=history.standings[registry.name, "1"].champion,
        by="gate",
        reason="-",
    )
    append(gate.log, forged, key=gate.keys["gate"])
    gate.promote()
    assert registry.champion == "2"


def test_a_champion_that_somebody_deleted_alerts_and_holds_up_no_other_model(served_twice, gate, registry, capsys):
    connect().delete_model_version(registry.name, "2")
    assert gate.promote() == []
    alerts = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    assert [alert["kind"] for alert in alerts] == ["missing_version"]
    gate.roll_back(registry.name, "1")
    assert registry.champion == "1"
