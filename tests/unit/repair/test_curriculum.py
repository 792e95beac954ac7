import pytest
import torch

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair.adversary.curriculum import EASY_RADIUS, HEAVIEST, fine_tune, movement, unmoved
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import read_data
from biasgate.repair.methods.adversarial import Adversarial
from biasgate.repair.views import random_views

METHOD = Adversarial(family="mixing", radius=0.6, weight=4.0, tie=1.0)


def test_easy_rounds_come_first_and_the_last_round_has_the_settings_own_values():
    parts = METHOD.rounds()
    stages = [part.easy for part in parts]
    assert stages == sorted(stages, reverse=True)
    assert any(stages)
    assert (parts[-1].radius, parts[-1].weight, parts[-1].tie) == (0.6, 4.0, 1.0)


def test_the_attack_and_its_weight_never_shrink_from_round_to_round():
    parts = METHOD.rounds()
    assert [part.radius for part in parts] == sorted(part.radius for part in parts)
    assert [part.weight for part in parts] == sorted(part.weight for part in parts)
    assert parts[0].radius == EASY_RADIUS


def test_a_radius_below_the_easy_one_is_never_exceeded():
    small = Adversarial(family="pixels", radius=0.03, weight=1.0, tie=0.0)
    assert max(part.radius for part in small.rounds()) == pytest.approx(0.03)


def test_stage_one_admits_only_decisions_that_stayed():
    before, after = torch.tensor([[0.9, 0.1], [0.8, 0.2]]), torch.tensor([[0.6, 0.4], [0.3, 0.7]])
    assert unmoved(before, after).tolist() == [1.0, 0.0]


def test_stage_two_weighs_a_counterfactual_by_how_far_the_decision_moved():
    before = torch.tensor([[0.9, 0.1]]).repeat(20, 1)
    after = before.clone()
    after[0], after[1] = torch.tensor([0.8, 0.2]), torch.tensor([0.01, 0.99])
    weights = movement(before, after)
    assert weights[2] == pytest.approx(0, abs=1e-4)
    assert weights[2] < weights[0] < weights[1] == HEAVIEST


def test_certain_decisions_have_finite_weights():
    certain = torch.eye(3)
    assert movement(certain, certain.roll(1, dims=0)).tolist() == pytest.approx([1.0] * 3)
    assert movement(certain, certain).tolist() == pytest.approx([0.0] * 3, abs=1e-4)


def test_views_keep_the_shape_and_depend_on_the_generator_alone():
    images = torch.rand(5, 6, 28, 28)
    first, second = (random_views(images, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert first.shape == images.shape
    assert not torch.equal(first, images)


def test_both_halves_of_a_pair_are_seen_under_the_same_view():
    image = torch.rand(4, 3, 28, 28)
    clean, moved = random_views(torch.cat([image, image], dim=1), generator=torch.Generator()).chunk(2, dim=1)
    assert torch.equal(clean, moved)


def test_a_loss_that_is_not_finite_stops_the_repair(biased: CandidatePackage, repair_data: Dataset):
    classifier = PixelClassifier(restore(biased), biased.card.input)
    data = read_data(repair_data, attribute="colour").take(torch.arange(64))
    *_, bias = classifier.network.parameters()
    with torch.no_grad():
        bias[0] = float("nan")
    with pytest.raises(InputError, match="not finite"):
        fine_tune(classifier, data, parts=METHOD.rounds(), change=METHOD.change, seed=0, watch=lambda _: None)
