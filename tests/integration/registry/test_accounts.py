"""MLflow with accounts: who may write verdicts does, and whom it is not granted is told, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from mlflow_servers import Accounts, with_accounts

from biasgate.registry.alerts import Alarm
from biasgate.registry.client import connect
from biasgate.registry.models import submit_candidate
from biasgate.registry.showing import misshown, show


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Accounts]:
    with with_accounts(tmp_path_factory.mktemp("accounts"), "runner", "promoter") as server:
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
    assert f"may not edit {model}" in refused.raised[0].message
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
