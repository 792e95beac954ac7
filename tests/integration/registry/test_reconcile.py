from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from biasgate.gate.evidence import Champion
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.log import append, read_log
from biasgate.registry import reconcile as room
from biasgate.registry.client import connect
from biasgate.registry.models import register_package, set_alias, submit_candidate
from biasgate.registry.ownership import claim
from biasgate.registry.reconcile import Findings

ON_SQLITE = pytest.mark.parametrize("tracking", ["sqlite"], indirect=True)


def kinds(findings) -> list[str]:
    return [alert.kind for alert in findings.alerts]


@pytest.fixture
def in_days(monkeypatch) -> Callable[[int], None]:
    """Lets reconcile look this many days later."""

    def later(days: int) -> None:
        class Later(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(days=days)

        monkeypatch.setattr(room, "datetime", Later)

    return later


def test_a_registry_that_agrees_with_the_log_is_quiet(served_twice, gate, registry):
    found = gate.reconcile(registry.name)
    assert found == Findings(alerts=(), displaced={}, queue=(), reevaluate=(), orphans=())


def test_an_alias_that_somebody_set_alerts_and_goes_back_when_told(served_twice, gate, registry, tmp_path):
    version = registry.intrude(tmp_path / "evil")
    found = gate.reconcile(registry.name)
    assert kinds(found) == ["foreign_champion", "foreign_version"]
    assert (found.displaced, registry.champion) == ({registry.name: "2"}, version)
    gate.reconcile(registry.name, fix=True)
    assert registry.champion == "2"


def test_an_alias_behind_the_log_is_no_alert_and_is_projected(served_twice, gate, registry):
    set_alias(registry.name, "champion", "1")
    found = gate.reconcile(registry.name, fix=True)
    assert (found.alerts, found.displaced, registry.champion) == ((), {registry.name: "2"}, "2")


@ON_SQLITE
def test_a_champion_of_a_model_that_the_log_does_not_know_loses_the_alias(package, gate, registry, name, tmp_path):
    submit_candidate(package(), name=name)
    registry.intrude(tmp_path / "evil")
    assert "foreign_champion" in kinds(gate.reconcile(registry.name, fix=True))
    assert registry.champion == "1"
    gate.reconcile(registry.name, revert=True)
    assert registry.champion is None


@ON_SQLITE
def test_submissions_without_a_decision_are_queued_and_a_broken_glass_is_none(submit, package, gate, registry):
    submit()
    waiting = [submit_candidate(package(weight), name=registry.name) for weight in (2.0, 3.0)]
    gate.break_glass(waiting[0])
    assert gate.reconcile(registry.name).queue == tuple(waiting)
    assert set(waiting) <= set(gate.reconcile().queue)


@ON_SQLITE
def test_a_broken_glass_alerts_as_long_as_it_serves(package, gate, registry):
    gate.break_glass(submit_candidate(package(), name=registry.name))
    gate.promote()
    assert kinds(gate.reconcile(registry.name)) == ["break_glass"]


@ON_SQLITE
def test_an_expired_champion_is_to_be_judged_again_and_serves_on_unless_told(served_twice, gate, registry, in_days):
    in_days(31)
    found = gate.reconcile(registry.name, fix=True)
    assert (kinds(found), found.reevaluate) == (["expired"], (f"models:/{registry.name}-candidates/2",))
    assert registry.champion == "2"
    gate.reconcile(registry.name, revert=True)
    assert (registry.champion, gate.history().champions) == (None, {})


@ON_SQLITE
def test_an_expired_glass_gives_way_to_the_champion_before_it(submit, package, gate, registry, in_days):
    submit()
    gate.promote()
    gate.break_glass(submit_candidate(package(2.0), name=registry.name))
    gate.promote()
    in_days(1)
    gate.reconcile(registry.name, revert=True)
    assert registry.champion == "1"


@ON_SQLITE
def test_an_approval_ends_with_the_first_of_its_waivers(submit, gate, registry, in_days):
    signed = gate.waive(registry.name, "floor", days=2)
    submit(accuracy=0.7, waivers=[signed])
    gate.promote()
    assert registry.champion == "1"
    assert gate.history().standing(registry.name).authority.expires == signed.waiver.expires
    in_days(3)
    assert kinds(gate.reconcile(registry.name)) == ["expired"]


@ON_SQLITE
def test_orphans_are_deleted_only_when_told_and_never_while_their_entry_is_open(submit, package, gate, registry):
    submitted, _ = submit()
    claim(registry.name, key=gate.keys["promoter"], trusted=gate.trusted)
    register_package(submitted, model=registry.name, tags={"biasgate.entry": "3"})
    assert gate.reconcile(registry.name, fix=True).orphans == ()
    gate.promote()
    register_package(submitted, model=registry.name, tags={"biasgate.entry": "3"})
    assert gate.reconcile(registry.name).orphans == (f"models:/{registry.name}/2",)
    assert registry.versions == ["1", "2"]
    gate.reconcile(registry.name, fix=True)
    assert (registry.versions, registry.champion) == (["1"], "1")


@ON_SQLITE
def test_an_entry_that_its_key_may_not_sign_alerts(submit, gate, registry):
    submit()
    decision = read_log(gate.log, gate.trusted)[2].body
    assert isinstance(decision, DecisionBody)
    append(gate.log, decision, key=gate.keys["promoter"])
    assert kinds(gate.reconcile(registry.name)) == ["void_entry"]
    assert Champion(version="1", digest=decision.subject[1]) not in gate.history().champions.values()


@ON_SQLITE
def test_submissions_under_a_name_that_no_card_can_have_are_left_out_with_an_alert(submit, gate, registry):
    submit()
    for name in ("o'brien", "two words"):
        connect().create_registered_model(f"{name}-candidates")
    found = gate.reconcile()
    assert {alert.name for alert in found.alerts if alert.kind == "foreign_name"} == {"o'brien", "two words"}
