"""What every repair method must do: files dropped into ``repair/methods`` are tested here without being named."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper

from biasgate.contracts.repair_record import RepairRecord
from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import twins
from biasgate.data.splits import role, split
from biasgate.errors import BiasgateError, InputError
from biasgate.models.onnx.file import load_onnx
from biasgate.models.package import CandidatePackage, open_package, pack
from biasgate.models.restore import restore
from biasgate.models.sandbox.runner import run
from biasgate.repair import training
from biasgate.repair.adversary import curriculum
from biasgate.repair.budget import Budget
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data, validation_rows
from biasgate.repair.method import Need
from biasgate.repair.registry import described, find_method, method_names, read_method
from biasgate.repair.repair import repair
from biasgate.repair.trials import best_of

BUDGET = 600

every_method = pytest.mark.parametrize("name", method_names())


@pytest.fixture(scope="module")
def pairs(grey: Dataset) -> Dataset:
    """Few counterfactual pairs: what every method can work on."""
    few = split(role(grey, "repair"), share=0.4, seed=0)[0]
    return twins(few, palette=PAPER_PALETTE, rng=np.random.default_rng(5))


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps and rounds, for none of this hangs on how well a method works."""
    monkeypatch.setattr(training, "STEPS", 2)
    monkeypatch.setattr(curriculum, "STEPS", 2)
    monkeypatch.setattr(curriculum, "ROUNDS", 3)


@pytest.fixture(scope="module")
def made(
    biased: CandidatePackage, pairs: Dataset, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[CandidatePackage, RepairRecord]]:
    """One repair by each method, made when a test first asks for it."""
    folder = tmp_path_factory.mktemp("made")

    class Made(dict):
        def __missing__(self, name: str) -> tuple[CandidatePackage, RepairRecord]:
            self[name] = repair(biased, pairs, method=name, into=folder / name, seconds=BUDGET, seed=0)
            return self[name]

    return Made()


@every_method
def test_it_says_what_it_is_what_it_needs_costs_and_changes(name: str):
    (found,) = [method for method in described() if method.name == name]
    assert found.does.endswith(".")
    assert found.needs
    assert found.cost
    assert found.changes
    assert re.search(r"arXiv \d{4}\.\d{5}|, 2\d{3}", find_method(name).__doc__ or ""), "its source is named"


@every_method
def test_its_settings_are_read_from_yaml_and_wrong_ones_are_refused(name: str):
    grid = read_method(name)
    assert len(grid) == len(set(grid)) == 2, "all methods try equally many settings"
    for method in grid:
        written = f"{{method: {name}, {str(method.model_dump())[1:-1]}}}"
        assert read_method(written) == (method,)
    with pytest.raises(BiasgateError, match=f"colour.*method {name}"):
        read_method(f"{{method: {name}, colour: red}}")


@pytest.fixture(scope="module")
def opaque(biased: CandidatePackage, tmp_path_factory: pytest.TempPathFactory) -> CandidatePackage:
    """A graph with an operator that no gradients pass through, and no architecture."""
    model = load_onnx(biased.model)
    taken = model.graph.input[0].name
    for node in model.graph.node:
        node.input[:] = ["bent" if name == taken else name for name in node.input]
    model.graph.node.insert(0, helper.make_node("Asinh", [taken], ["bent"]))
    folder = tmp_path_factory.mktemp("opaque")
    onnx.save(model, folder / "model.onnx")
    return pack(folder / "model.onnx", biased.card.model_copy(update={"architecture": None}), folder / "package")


@every_method
def test_what_it_needs_is_asked_for_in_a_sentence(
    name: str, biased: CandidatePackage, opaque: CandidatePackage, pairs: Dataset, tmp_path: Path
):
    unpaired = pairs.take(np.arange(len(pairs)) % 2 == np.arange(len(pairs)) // (len(pairs) // 2))
    rows = Dataset(
        samples=pairs.array.reshape(len(pairs), -1).astype(np.float32),
        labels=pairs.labels,
        classes=pairs.classes,
        attributes=pairs.attributes,
        clusters=pairs.clusters,
    )
    lacking = {
        Need.GRADIENTS: (opaque, pairs, "operator 'Asinh'"),
        Need.IMAGES: (biased, rows, "give images"),
        Need.PAIRS: (biased, unpaired, "counterfactual pairs"),
    }
    for need in find_method(name).needs & lacking.keys():
        package, data, fault = lacking[need]
        with pytest.raises(BiasgateError, match=fault) as refused:
            repair(package, data, method=name, into=tmp_path / "package", seconds=600, seed=0)
        assert "\n" not in str(refused.value)
        assert not (tmp_path / "package").exists()


@every_method
def test_it_repairs_a_graph_without_an_architecture(
    name: str, biased: CandidatePackage, pairs: Dataset, tmp_path: Path
):
    bare = pack(biased.model, biased.card.model_copy(update={"architecture": None}), tmp_path / "bare")
    repaired, record = repair(bare, pairs, method=name, into=tmp_path / "package", seconds=600, seed=0)
    assert open_package(repaired.path).digest == record.repaired != bare.digest
    old, new = (load_onnx(package.model).graph for package in (bare, repaired))
    if Need.GRADIENTS in find_method(name).needs:
        assert (list(new.node), len(new.initializer)) == (list(old.node), len(old.initializer))


@every_method
def test_it_leaves_the_candidate_as_it_is(
    name: str, biased: CandidatePackage, made: dict[str, tuple[CandidatePackage, RepairRecord]]
):
    assert made[name][0].digest != biased.digest
    assert open_package(biased.path).digest == biased.digest


@every_method
def test_its_package_runs_and_its_record_holds(
    name: str,
    biased: CandidatePackage,
    pairs: Dataset,
    made: dict[str, tuple[CandidatePackage, RepairRecord]],
):
    package, record = made[name]
    assert open_package(package.path).digest == package.digest == record.repaired
    assert np.isfinite(run(package, pairs.samples[:8]).logits).all()
    assert package.card.architecture is None or restore(package)
    assert (package.card.architecture is None) == (Need.ANSWERS in find_method(name).needs)
    assert package.card.repaired_from == record.original == biased.digest
    assert (record.method, record.data, record.attribute) == (name, pairs.digest, "colour")
    assert [trial.settings for trial in record.trials] == [method.model_dump() for method in read_method(name)]
    assert RepairRecord.parse(record.to_json(), where="record") == record


@every_method
def test_equal_seeds_give_equal_packages(
    name: str,
    biased: CandidatePackage,
    pairs: Dataset,
    made: dict[str, tuple[CandidatePackage, RepairRecord]],
    tmp_path: Path,
):
    again, _ = repair(biased, pairs, method=name, into=tmp_path / "again", seconds=BUDGET, seed=0)
    assert again.digest == made[name][0].digest


@every_method
def test_where_no_time_is_left_nothing_is_tried(
    name: str,
    biased: CandidatePackage,
    pairs: Dataset,
    made: dict[str, tuple[CandidatePackage, RepairRecord]],
):
    assert made[name][1].stopped is None
    classifier, data = PixelClassifier(restore(biased), biased.card.input), read_data(pairs)
    validation = validation_rows(pairs, data, seed=0)
    with pytest.raises(InputError, match="before anything was tried"):
        best_of(read_method(name), classifier, data, validation=validation, budget=Budget(0), seed=0)


@every_method
def test_what_chooses_the_settings_is_not_learned_from(name: str, biased: CandidatePackage, pairs: Dataset):
    """Nothing of the test split reaches a repair at all; of the repair data a trial sees the learning share alone."""
    classifier, data = PixelClassifier(restore(biased), biased.card.input), read_data(pairs)
    validation = validation_rows(pairs, data, seed=0)
    other = RepairData(
        samples=torch.where(validation[:, None, None, None], 1 - data.samples, data.samples),
        labels=torch.where(validation, data.labels.roll(1), data.labels),
        values=data.values,
        kinds=data.kinds,
        aligned=data.aligned,
        clusters=data.clusters,
    )
    first, second = (
        best_of(read_method(name)[:1], classifier, seen, validation=validation, budget=Budget(BUDGET), seed=0).validated
        for seen in (data, other)
    )
    assert all(map(torch.equal, first.parameters(), second.parameters()))
