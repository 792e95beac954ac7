"""Methods compete on validation clusters; the record names winner and rivals."""

from pathlib import Path

import pytest

from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage, open_package
from biasgate.models.restore import restore
from biasgate.repair.competition import compete
from biasgate.repair.methods.fine_tuning import FineTuning
from biasgate.repair.repair import repair

HEAVY = "{method: head_refit, damping: 100.0}"
"""So heavy a penalty that the head forgets everything."""


@pytest.mark.parametrize("methods", [("unlearning", HEAVY), (HEAVY, "unlearning")])
def test_the_higher_validation_score_wins_in_whatever_order(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path, methods: tuple[str, str]
):
    package, record = compete(biased, repair_data, methods=methods, into=tmp_path / "package", seconds=600, seed=0)
    assert record.method == "unlearning"
    (rival,) = record.rivals
    assert (rival.method, rival.best.settings) == ("head_refit", {"damping": 100.0})
    assert record.chosen.worst_group > rival.best.worst_group
    assert open_package(tmp_path / "package").digest == package.digest == record.repaired
    assert RepairRecord.parse(record.to_json(), where="record") == record


def test_one_method_competes_with_nobody(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    package, record = compete(
        biased, repair_data, methods=("unlearning",), into=tmp_path / "package", seconds=600, seed=0
    )
    alone = repair(biased, repair_data, method="unlearning", into=tmp_path / "alone", seconds=600, seed=0)[0]
    assert package.digest == alone.digest
    assert record.rivals == ()
    assert restore(package)


def test_a_policy_without_methods_repairs_nothing(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="no repair method"):
        compete(biased, repair_data, methods=(), into=tmp_path / "package", seconds=600, seed=0)


def test_an_unknown_method_is_refused_before_any_works(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="no repair method 'prayer'"):
        compete(biased, repair_data, methods=("adversarial", "prayer"), into=tmp_path / "package", seconds=600, seed=0)


def test_a_competition_without_time_is_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="budget"):
        compete(biased, repair_data, methods=("unlearning",), into=tmp_path / "package", seconds=0, seed=0)


@pytest.mark.parametrize("named", ["head_fine_tuning", "{method: head_fine_tuning, learning_rate: 0.01}"])
def test_a_method_that_is_gone_says_what_to_name_in_its_place(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path, named: str
):
    with pytest.raises(InputError, match=r"'head_fine_tuning' any more.*name head_refit in its place"):
        compete(biased, repair_data, methods=("unlearning", named), into=tmp_path / "package", seconds=600, seed=0)


def test_an_interruption_keeps_what_the_methods_before_it_made(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(FineTuning, "fit", interrupted)
    methods = ("head_refit", "fine_tuning", "dfr")
    package, record = compete(biased, repair_data, methods=methods, into=tmp_path / "p", seconds=600, seed=0)
    assert (record.method, record.stopped) == ("head_refit", "interruption")
    assert record.untried == ("fine_tuning: it was interrupted", "dfr: it was interrupted")
    assert open_package(tmp_path / "p").digest == package.digest
    with pytest.raises(KeyboardInterrupt):
        compete(biased, repair_data, methods=methods[1:], into=tmp_path / "q", seconds=600, seed=0)
    assert not (tmp_path / "q").exists()
