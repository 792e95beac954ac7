"""Methods compete on validation units; the record names winner and rivals."""

from pathlib import Path

import pytest

from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage, open_package
from biasgate.models.restore import restore
from biasgate.repair import competition
from biasgate.repair.competition import compete
from biasgate.repair.repair import debias


@pytest.fixture
def merits(monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Real repairs by unlearning under two names, whose validation scores the test decides."""
    merits = {"adversarial": 0.5, "unlearning": 0.5}

    def scored(package, dataset, *, method, into, seconds, seed):
        made, record = debias(package, dataset, method="unlearning", into=into, seconds=seconds, seed=seed)
        trials = tuple(trial.model_copy(update={"worst_group": merits[method]}) for trial in record.trials)
        return made, record.model_copy(update={"method": method, "trials": trials})

    monkeypatch.setattr(competition, "debias", scored)
    return merits


@pytest.mark.parametrize("winner", ["adversarial", "unlearning"])
def test_the_higher_validation_score_wins_in_whatever_order(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path, merits: dict[str, float], winner: str
):
    merits[winner] = 0.9
    package, record = compete(
        biased, repair_data, methods=("adversarial", "unlearning"), into=tmp_path / "package", seconds=60, seed=0
    )
    assert record.method == winner
    assert record.chosen.worst_group == 0.9
    assert [(rival.method, rival.best.worst_group) for rival in record.rivals] == [(*merits.keys() - {winner}, 0.5)]
    assert open_package(tmp_path / "package").digest == package.digest == record.repaired
    assert RepairRecord.parse(record.to_json(), where="record") == record


def test_one_method_competes_with_nobody(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    package, record = compete(
        biased, repair_data, methods=("unlearning",), into=tmp_path / "package", seconds=60, seed=0
    )
    alone = debias(biased, repair_data, method="unlearning", into=tmp_path / "alone", seconds=60, seed=0)[0]
    assert package.digest == alone.digest
    assert record.rivals == ()
    assert restore(package)


def test_a_policy_without_methods_repairs_nothing(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="no repair method"):
        compete(biased, repair_data, methods=(), into=tmp_path / "package", seconds=60, seed=0)


def test_a_competition_without_time_is_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="budget"):
        compete(biased, repair_data, methods=("unlearning",), into=tmp_path / "package", seconds=0, seed=0)
