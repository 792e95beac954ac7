"""The benchmark's controls differ from the adversarial method in one thing each."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch

from biasgate.data.dataset import Dataset
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair.adversary.curriculum import ROUNDS
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import read_data
from biasgate.repair.methods.adversarial import Adversarial

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "repair_controls.py"


@pytest.fixture(scope="module")
def controls() -> ModuleType:
    spec = spec_from_file_location("repair_controls", SCRIPT)
    assert spec is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_without_a_curriculum_every_round_is_as_hard_as_the_last(controls: ModuleType):
    parts = controls.NoCurriculum(radius=0.6).rounds()
    assert len(parts) == ROUNDS
    assert set(parts) == {Adversarial(radius=0.6).rounds()[-1]}


def test_noise_is_a_corner_of_the_attacks_ball(controls: ModuleType):
    pixels = torch.full((3, 3, 4, 4), 0.5)
    found = controls.random_change(pixels, family="pixels", radius=0.1, generator=torch.Generator().manual_seed(0))
    assert torch.allclose((found - pixels).abs(), torch.tensor(0.1))
    mixed = controls.random_change(pixels, family="mixing", radius=0.1, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mixed, mixed[:, :, :1, :1].expand_as(mixed)), "one colour map an image"


def test_the_target_attack_changes_the_decision_itself(
    controls: ModuleType, biased: CandidatePackage, repair_data: Dataset
):
    classifier = PixelClassifier(restore(biased), biased.card.input)
    few = read_data(repair_data).take(torch.arange(60))
    found = controls.TargetAttack(radius=0.6).change(classifier, few, 0.6, torch.Generator().manual_seed(0))
    before, after = (classifier(samples).argmax(dim=1) for samples in (few.samples, found))
    assert (before != after).float().mean() > 0.5
