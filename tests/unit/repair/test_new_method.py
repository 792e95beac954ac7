"""A method that one new file defines is validated, competes, wins, is recorded and reported; nothing else knows it."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from biasgate.cli.app import app
from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.explain import explain
from biasgate.gate.policy import Policy, policy_text, read_policy
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair import methods
from biasgate.repair.competition import compete
from biasgate.repair.registry import method_names, read_method
from biasgate.report.decision import decision_report

DISCRIMINANT = '''
from typing import ClassVar

from pydantic import Field
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from biasgate.repair.heads.last_layer import read_features
from biasgate.repair.heads.linear import LinearHead
from biasgate.repair.heads.method import HeadMethod


class Discriminant(HeadMethod):
    """Fits the last layer as a linear discriminant."""

    cost: ClassVar[str] = "a moment"
    shrinkage: float = Field(ge=0, le=1)

    @classmethod
    def grid(cls):
        return cls(shrinkage=0.1), cls(shrinkage=0.5)

    def head(self, classifier, data, *, seed):
        samples = read_features(classifier, data)
        fitted = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=self.shrinkage)
        fitted.fit(samples.features, samples.labels)
        return LinearHead.of(fitted.coef_, fitted.intercept_)
'''
IDLE = '''
from typing import ClassVar

from biasgate.repair.method import Need, RepairMethod


class Idle(RepairMethod):
    """Leaves everything as it is."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRADIENTS})
    cost: ClassVar[str] = "nothing"
    changes: ClassVar[str] = "nothing"

    @classmethod
    def grid(cls):
        return (cls(),)

    def fit(self, classifier, data, *, seed, watch):
        return classifier.copied().network
'''


@pytest.fixture(autouse=True)
def dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Two files more in the folder of methods."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "discriminant.py").write_text(DISCRIMINANT)
    (folder / "idle.py").write_text(IDLE)
    monkeypatch.setattr(methods, "__path__", [*methods.__path__, str(folder)])
    yield
    for name in ("discriminant", "idle"):
        sys.modules.pop(f"{methods.__name__}.{name}", None)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(policy_text("digits_demo").replace("methods: [adversarial]", "methods: [idle, discriminant]"))
    return path


def test_it_is_listed_and_its_settings_are_validated():
    assert {"discriminant", "idle"} < set(method_names())
    (method,) = read_method("{method: discriminant, shrinkage: 0.2}")
    assert method.model_dump() == {"shrinkage": 0.2}
    with pytest.raises(InputError, match="less than or equal to 1"):
        read_method("{method: discriminant, shrinkage: 2}")
    listed = json.loads(CliRunner().invoke(app, ["repair-methods", "--json"]).stdout)
    assert [entry["cost"] for entry in listed if entry["name"] == "discriminant"] == ["a moment"]


def test_a_policy_may_name_it_and_the_check_knows_it(policy: Path, monkeypatch: pytest.MonkeyPatch):
    assert CliRunner().invoke(app, ["policy", "check", str(policy)]).exit_code == 0
    assert "idle or discriminant" in " ".join(explain(read_policy(str(policy))).general)
    monkeypatch.setattr(methods, "__path__", methods.__path__[:1])
    refused = CliRunner().invoke(app, ["policy", "check", str(policy)]).exception
    assert isinstance(refused, InputError)
    assert "no repair method 'idle': use one of adversarial, afr" in str(refused)


@pytest.mark.parametrize("order", [("idle", "discriminant"), ("discriminant", "idle")])
def test_it_wins_against_one_that_does_nothing_in_whatever_order(
    biased: CandidatePackage, repair_data: Dataset, policy: Path, tmp_path: Path, order: tuple[str, ...]
):
    package, record = compete(biased, repair_data, methods=order, into=tmp_path / "package", seconds=600, seed=0)
    assert record.method == "discriminant"
    assert [rival.method for rival in record.rivals] == ["idle"]
    assert record.chosen.worst_group > record.rivals[0].best.worst_group + 0.1
    assert record.chosen.settings.keys() == {"shrinkage"}
    assert record.repaired == package.digest
    assert RepairRecord.parse(record.to_json(), where="record") == record
    assert restore(package)
    assert "Discriminant" in " ".join(reported(record, read_policy(str(policy))).title().split())


def reported(record: RepairRecord, policy: Policy) -> str:
    """The page of a decision about what was repaired."""
    candidate = Subject(
        name="digits",
        source="models:/digits-candidates/2",
        digest=record.repaired,
        training_data="sha256:" + "0" * 64,
        submitter="owner",
        repaired_from=record.original,
    )
    evidence = Evidence(candidate=candidate, parity=record.parity, repair=record, looks=1, code="test")
    return decision_report(decide(policy, evidence, (), datetime(2026, 11, 30, tzinfo=UTC)), evidence, policy)
