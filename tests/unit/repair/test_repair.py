from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import plant_share
from biasgate.data.splits import role, split
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage, open_package
from biasgate.models.preprocess import preprocess
from biasgate.models.restore import restore
from biasgate.repair.adversary import curriculum
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import read_data, validation_rows
from biasgate.repair.methods.adversarial import Adversarial
from biasgate.repair.repair import movement, repair


def accuracies(package: CandidatePackage, dataset: Dataset) -> tuple[float, float]:
    """On aligned, on conflicting samples."""
    with torch.no_grad():
        logits = restore(package)(torch.from_numpy(preprocess(dataset.array, package.card.input)))
    correct = logits.argmax(dim=1).numpy() == dataset.labels
    aligned = dataset.attribute("alignment") == "aligned"
    return float(correct[aligned].mean()), float(correct[~aligned].mean())


@pytest.fixture(scope="module")
def repaired(
    biased: CandidatePackage, repair_data: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> tuple[CandidatePackage, RepairRecord]:
    """One run of the first settings, after which the clock says that no time is left for another."""
    into, now = tmp_path_factory.mktemp("repaired") / "package", [0.0]

    class Slow(Adversarial):
        @classmethod
        def method_name(cls) -> str:
            return "adversarial"

        def fit(self, *given, **named):
            now[0] += 400.0
            return super().fit(*given, **named)

    with pytest.MonkeyPatch.context() as patched:
        slow = (Slow(radius=0.6), Slow(radius=1.0))
        patched.setattr("biasgate.repair.repair.read_method", lambda _: slow)
        return repair(biased, repair_data, method="adversarial", into=into, seconds=600, seed=0, clock=lambda: now[0])


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A curriculum of few rounds, for what does not hang on how well it works."""
    monkeypatch.setattr(curriculum, "STEPS", 3)
    monkeypatch.setattr(curriculum, "ROUNDS", 3)


@pytest.fixture(scope="module")
def few(repair_data: Dataset) -> Dataset:
    """A share of the repair data, for the same."""
    return split(repair_data, share=0.4, seed=0)[0]


def test_a_repair_at_least_halves_the_gap_on_digits_it_never_saw(
    biased: CandidatePackage, repaired: tuple[CandidatePackage, RepairRecord], held_out: Dataset
):
    before, after = accuracies(biased, held_out), accuracies(repaired[0], held_out)
    assert before[0] - before[1] > 0.4
    assert after[0] - after[1] < (before[0] - before[1]) / 2
    assert after[0] > before[0] - 0.08


def test_a_budget_that_ends_early_keeps_the_first_run_and_the_record_says_so(
    repaired: tuple[CandidatePackage, RepairRecord],
):
    record = repaired[1]
    assert len(record.trials) == 1 < record.planned
    assert record.trials[0].chosen
    assert not record.refitted
    assert record.stopped == "seconds"
    assert record.untried == ("adversarial (family=mixing, radius=1.0, weight=4.0, tie=1.0): no seconds left",)


def test_the_record_ties_the_repair_to_its_package_and_data(
    biased: CandidatePackage, repaired: tuple[CandidatePackage, RepairRecord], repair_data: Dataset
):
    package, record = repaired
    assert (record.original, record.repaired, record.data) == (biased.digest, package.digest, repair_data.digest)
    assert open_package(package.path).digest == package.digest
    assert package.card.repaired_from == biased.digest
    assert record.samples == len(repair_data)
    assert 0 < record.moved <= 1
    assert record.distance > 0
    assert RepairRecord.parse(record.to_json(), where="record") == record


def test_the_candidate_stays_as_it_is(biased: CandidatePackage, repaired: tuple[CandidatePackage, RepairRecord]):
    assert repaired[0].digest != biased.digest
    assert open_package(biased.path).digest == biased.digest


@pytest.mark.usefixtures("short")
def test_with_time_every_setting_is_tried_one_is_chosen_and_run_again(
    biased: CandidatePackage, few: Dataset, tmp_path: Path
):
    record = repair(biased, few, method="adversarial", into=tmp_path / "package", seconds=600, seed=0)[1]
    assert [trial.settings for trial in record.trials] == [settings.model_dump() for settings in Adversarial.grid()]
    (chosen,) = (trial for trial in record.trials if trial.chosen)
    assert chosen.worst_group == max(trial.worst_group for trial in record.trials)
    assert all(trial.worst_group == min(trial.aligned, trial.conflicting) for trial in record.trials)
    assert record.refitted
    assert [len(trial.curve) for trial in record.trials] == [curriculum.ROUNDS] * len(record.trials)


@pytest.mark.usefixtures("short")
def test_equal_seeds_give_equal_packages(biased: CandidatePackage, few: Dataset, tmp_path: Path):
    digests = [
        repair(biased, few, method="adversarial", into=tmp_path / name, seconds=600, seed=seed)[0].digest
        for name, seed in (("first", 3), ("again", 3), ("other", 4))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_validation_units_are_whole_and_a_quarter(repair_data: Dataset):
    twice = repair_data.take(np.tile(np.arange(len(repair_data)), 2))
    rows = validation_rows(twice, read_data(twice), seed=0).numpy()
    assert not set(twice.clusters[rows]) & set(twice.clusters[~rows])
    assert rows.mean() == pytest.approx(0.25, abs=0.02)


def test_movement_of_nothing_is_nothing(biased: CandidatePackage):
    network = restore(biased)
    assert movement(network, network) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("attributes", "fault"),
    [
        ({"colour": "0"}, "'colour' has 1 value"),
        ({"alignment": "aligned"}, "alignment has the values"),
        ({"alignment": "unknown"}, "2 attributes: colour, alignment"),
    ],
)
def test_an_attribute_that_does_not_vary_is_refused(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path, attributes: dict[str, str], fault: str
):
    dull = replace(repair_data, attributes=repair_data.attributes.assign(**attributes))
    with pytest.raises(InputError, match=fault):
        repair(biased, dull, method="adversarial", into=tmp_path / "package", seconds=600, seed=0)


def test_a_missing_attribute_is_named(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    poor = replace(repair_data, attributes=repair_data.attributes.drop(columns="colour"))
    with pytest.raises(InputError, match="'colour'"):
        repair(biased, poor, method="unlearning", attribute="colour", into=tmp_path / "package", seconds=600, seed=0)


def test_of_several_attributes_one_has_to_be_named(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    more = replace(repair_data, attributes=repair_data.attributes.assign(hand="left"))
    with pytest.raises(InputError, match=r"2 attributes besides 'alignment': colour, hand.*name the one"):
        repair(biased, more, method="unlearning", into=tmp_path / "package", seconds=600, seed=0)


def test_an_attribute_of_any_name_is_repaired_though_nothing_says_what_is_aligned(
    biased: CandidatePackage, repair_data: Dataset, held_out: Dataset, tmp_path: Path
):
    undeclared = repair_data.attributes.rename(columns={"colour": "ink"}).drop(columns="alignment")
    before, told = accuracies(biased, held_out), replace(repair_data, attributes=undeclared)
    package, record = repair(biased, told, method="unlearning", into=tmp_path / "package", seconds=600, seed=0)
    after = accuracies(package, held_out)
    assert record.attribute == "ink"
    assert after[0] - after[1] < (before[0] - before[1]) / 2


def test_the_model_tells_which_value_it_leans_on_where_the_data_does_not(
    biased: CandidatePackage, repair_data: Dataset
):
    classifier = PixelClassifier(restore(biased), biased.card.input)
    untold = replace(repair_data, attributes=repair_data.attributes.drop(columns="alignment"))
    declared, told = read_data(repair_data), read_data(untold, classifier=classifier)
    assert (declared.aligned == told.aligned).double().mean() > 0.9


def test_samples_of_another_shape_than_the_model_takes_are_refused(
    biased: CandidatePackage, repair_data: Dataset, tmp_path: Path
):
    small = replace(repair_data, samples=np.ascontiguousarray(repair_data.array[:, ::2, ::2]))
    with pytest.raises(InputError, match="shape"):
        repair(biased, small, method="fine_tuning", into=tmp_path / "package", seconds=600, seed=0)


def test_a_value_on_too_few_units_to_split_is_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    rows = np.flatnonzero(validation_rows(repair_data, read_data(repair_data), seed=0))
    of_two_labels = [rows[repair_data.labels[rows] == label][0] for label in (0, 1)]
    colours = repair_data.attribute("colour").astype(object)
    colours[of_two_labels] = "unseen"
    rare = replace(repair_data, attributes=repair_data.attributes.assign(colour=pd.Series(colours)))
    with pytest.raises(InputError, match="too few clusters"):
        repair(biased, rare, method="adversarial", into=tmp_path / "package", seconds=600, seed=0)


@pytest.mark.parametrize("seconds", [0, -1])
def test_an_empty_budget_is_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path, seconds: int):
    with pytest.raises(InputError, match="budget"):
        repair(biased, repair_data, method="adversarial", into=tmp_path / "package", seconds=seconds, seed=0)


def test_rows_in_place_of_images_are_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    rows = replace(repair_data, samples=np.zeros((len(repair_data), 5), np.float32))
    with pytest.raises(InputError, match="give images"):
        repair(biased, rows, method="adversarial", into=tmp_path / "package", seconds=600, seed=0)


def test_samples_without_a_label_are_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    poor = replace(repair_data, labels=np.where(np.arange(len(repair_data)) < 3, -1, repair_data.labels))
    with pytest.raises(InputError, match="3 samples have no label"):
        repair(biased, poor, method="adversarial", into=tmp_path / "package", seconds=600, seed=0)


def test_repair_data_of_other_classes_is_refused(biased: CandidatePackage, grey: Dataset, tmp_path: Path):
    letters = replace(grey, classes=tuple("abcdefghij"))
    other = plant_share(role(letters, "repair"), palette=PAPER_PALETTE, conflicting=0.5, rng=np.random.default_rng(0))
    with pytest.raises(InputError, match="classes"):
        repair(biased, other, method="adversarial", into=tmp_path / "package", seconds=600, seed=0)


def test_an_unknown_method_is_refused(biased: CandidatePackage, repair_data: Dataset, tmp_path: Path):
    with pytest.raises(InputError, match="no repair method"):
        repair(biased, repair_data, method="prayer", into=tmp_path / "package", seconds=600, seed=0)
