"""MLflow with accounts: who may write verdicts does, and whom it is not granted is told, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mlflow_servers import Accounts, with_accounts

from biasgate.registry.alerts import Alarm
from biasgate.registry.client import connect
from biasgate.registry.models import submit_candidate
from biasgate.registry.reconcile import reconcile
from biasgate.registry.showing import misshown, show


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    with with_accounts(tmp_path_factory.mktemp("accounts"), "runner", "promoter", "reconcile") as server:
        for experiment, owner in (("biasgate", "runner"), ("biasgate-promotions", "promoter")):
            made = server.ask("2.0/mlflow/experiments/create", name=experiment)
            server.grant(owner, "experiment", made["experiment_id"])
        yield server


def test_verdicts_are_written_by_the_account_that_may_and_by_no_other(
    accounts, package, gate, name, monkeypatch, capsys
):
    accounts.become("runner", monkeypatch)
    submitted, model = package(), f"{name}-candidates"
    gate.decide(submitted, submit_candidate(submitted, name=name), accuracy=0.5)

    accounts.become("promoter", monkeypatch)
    refused = Alarm()
    gate.promote(alarm=refused)
    assert [(alert.kind, alert.name) for alert in refused.raised] == [("not_shown", name)]
    assert f"may not edit versions of {model}" in refused.raised[0].message
    assert "biasgate.verdict" not in connect().get_model_version(model, "1").tags

    accounts.grant("promoter", "registered_model", model)
    granted = Alarm()
    gate.promote(alarm=granted)
    assert granted.raised == []
    assert connect().get_model_version(model, "1").tags["biasgate.verdict"] == "REJECTED"

    accepted = package(2.0)
    accounts.become("runner", monkeypatch)
    gate.decide(accepted, submit_candidate(accepted, name=name))
    accounts.become("promoter", monkeypatch)
    gate.promote()
    accounts.become("runner", monkeypatch)
    connect().set_model_version_tag(model, "2", "biasgate.verdict", "REJECTED")
    changes = misshown(gate.log, gate.history(), trusted=gate.trusted, models=[name])
    assert [change.uri for change in changes] == [f"models:/{model}/2"]
    with pytest.raises(Exception, match=r"PERMISSION_DENIED|[Pp]ermission denied"):
        connect().set_model_version_tag(name, "1", "biasgate.verdict", "APPROVED")

    accounts.become("promoter", monkeypatch)
    show(changes, alarm=granted)
    assert connect().get_model_version(model, "2").tags["biasgate.verdict"] == "APPROVED"
    assert connect().get_model_version(name, "1").tags["biasgate.status"] == "serves"


def test_reconcile_mends_all_pages_with_a_right_to_versions_alone(accounts, package, gate, name, monkeypatch):
    accounts.become("runner", monkeypatch)
    for weight, accuracy in ((1.0, 0.5), (2.0, 0.95)):
        submitted = package(weight)
        gate.decide(submitted, submit_candidate(submitted, name=name), accuracy=accuracy)
    accounts.become("promoter", monkeypatch)
    gate.promote()
    connect().update_model_version(name, "1", "## REJECTED")
    connect().set_model_version_tag(name, "1", "biasgate.reason", "no reason")

    accounts.become("reconcile", monkeypatch)
    refused = Alarm()
    found = reconcile(gate.log, trusted=gate.trusted, alarm=refused, models=[name], pages=True)
    assert {alert.kind for alert in refused.raised} == {"not_shown"}
    assert len(found.misshown) == 3
    accounts.grant("reconcile", "registered_model_version", "*")
    granted = Alarm()
    assert reconcile(gate.log, trusted=gate.trusted, alarm=granted, models=[name], pages=True).misshown
    assert granted.raised == []
    assert reconcile(gate.log, trusted=gate.trusted, alarm=granted, models=[name], pages=True).misshown == ()
    assert (connect().get_model_version(name, "1").description or "").startswith("## APPROVED")

    client = connect()
    for forbidden in (
        lambda: client.set_registered_model_alias(name, "champion", "1"),
        lambda: client.delete_registered_model_alias(name, "champion"),
        lambda: client.create_model_version(name, "s3://nowhere/model"),
        lambda: client.delete_model_version(name, "1"),
        lambda: client.update_registered_model(name, "mine"),
        lambda: client.set_registered_model_tag(name, "biasgate.made_by", "me"),
    ):
        with pytest.raises(Exception, match=r"PERMISSION_DENIED|[Pp]ermission denied"):
            forbidden()


def test_versions_that_are_deleted_meanwhile_hold_up_no_page(accounts, package, gate, name, monkeypatch):
    accounts.become("runner", monkeypatch)
    for weight in (1.0, 2.0):
        submitted = package(weight)
        gate.decide(submitted, submit_candidate(submitted, name=name), accuracy=0.5)
    changes = misshown(gate.log, gate.history(), trusted=gate.trusted, models=[name])
    client, model = connect(), f"{name}-candidates"
    client.delete_model_version(model, changes[0].version.version)
    alarm = Alarm()
    show(changes, alarm=alarm)
    assert alarm.raised == []
    assert client.get_model_version(model, changes[1].version.version).tags["biasgate.verdict"] == "REJECTED"
    assert misshown(gate.log, gate.history(), trusted=gate.trusted, models=[name]) == []
