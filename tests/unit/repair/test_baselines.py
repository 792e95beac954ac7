"""The baselines weigh, draw and move what their papers say; the curriculum's controls differ in one thing each."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair import fine_tuning as training
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material, material
from biasgate.repair.fine_tuning import Settings
from biasgate.repair.groups import balancing_weights, groups_of
from biasgate.repair.head import LinearHead, Samples
from biasgate.repair.methods.attack import random_change
from biasgate.repair.methods.baselines import (
    RATES,
    STEP,
    fine_tune,
    fine_tune_head,
    group_dro,
    jtt,
    reweighing,
    robust,
)
from biasgate.repair.methods.curriculum import ROUNDS, changed, rounds
from biasgate.repair.methods.curriculum import Settings as Curriculum
from biasgate.repair.methods.erasure import erase_attribute, eraser
from biasgate.repair.methods.head_baselines import (
    balanced_draw,
    deep_feature_reweighting,
    refit_head,
    sparse_head,
    sparse_model,
    spread_of,
)
from biasgate.repair.methods.last_layer import head_of
from biasgate.repair.repair import movement, validation_rows
from biasgate.repair.trials import best_of

CURRICULUM = Curriculum(family="mixing", radius=0.6, weight=4.0, tie=1.0)


@pytest.fixture(scope="module")
def data(repair_data: Dataset) -> Material:
    return material(repair_data, attribute="colour")


@pytest.fixture(scope="module")
def validation(repair_data: Dataset) -> torch.Tensor:
    return torch.from_numpy(validation_rows(repair_data, attribute="colour", seed=0))


@pytest.fixture(scope="module")
def classifier(biased: CandidatePackage) -> PixelClassifier:
    return PixelClassifier(restore(biased), biased.card.input)


def test_every_group_weighs_the_same_in_balancing(data: Material):
    lopsided = data.take(torch.cat([torch.arange(len(data)), torch.arange(40)]))
    weights, groups = balancing_weights(lopsided), groups_of(lopsided)
    totals = [float(weights[groups == group].sum()) for group in groups.unique()]
    assert totals == pytest.approx([totals[0]] * len(totals), rel=1e-4)
    assert float(weights.mean()) == pytest.approx(1)


def test_jtt_upweighs_what_the_original_gets_wrong(classifier: PixelClassifier, data: Material):
    logits = torch.zeros(len(data), 10)
    rows = torch.arange(len(data))
    wrong = classifier(data.samples).argmax(dim=1) != data.labels
    loss = jtt(classifier, data, Settings(1e-3, upweight=5.0))
    totals = [float(loss(logits[side], rows[side])) for side in (wrong, ~wrong)]
    assert totals[0] / totals[1] == pytest.approx(5, rel=1e-4)


def test_group_dro_moves_weight_to_the_group_with_the_higher_loss(classifier: PixelClassifier, data: Material):
    few = data.take(torch.stack([torch.where(data.labels == label)[0][0] for label in (0, 1)]))
    loss = group_dro(classifier, few, Settings(1e-3))
    logits = torch.zeros(2, 10)
    logits[0, 0] = 5.0
    losses = cross_entropy(logits, few.labels, reduction="none")
    shares = torch.tensor([0.5, 0.5])
    for _ in range(2):
        shares = shares * (STEP * losses).exp()
        shares = shares / shares.sum()
        assert float(loss(logits, torch.arange(2))) == pytest.approx(float(shares @ losses), rel=1e-5)
    assert shares[1] > shares[0]


def test_a_balanced_draw_has_as_many_of_each_group_as_the_rarest():
    groups = np.array([0] * 7 + [3] * 2 + [5] * 4)
    rows = balanced_draw(groups, np.random.default_rng(0))
    assert len(set(rows)) == len(rows)
    assert np.bincount(groups[rows]).tolist() == [2, 0, 0, 2, 0, 2]


@pytest.mark.parametrize("labels", [[0, 2], [0, 1, 2]])
def test_the_sparse_head_decides_as_the_library_does(labels: list[int]):
    rng = np.random.default_rng(0)
    drawn = rng.choice(labels, size=80)
    samples = Samples(np.eye(3)[drawn] * 3 + rng.normal(size=(80, 3)), drawn)
    head = sparse_head(sparse_model(1.0), samples, spread_of(samples), classes=3)
    decisions = head.log_probabilities(samples).argmax(axis=1)
    assert (decisions == drawn).mean() > 0.85
    assert set(decisions) <= set(labels), "a class that was never seen is never decided for"


@pytest.mark.parametrize("method", [fine_tune_head, refit_head, deep_feature_reweighting, erase_attribute])
def test_head_baselines_move_the_head_alone(
    biased: CandidatePackage, data: Material, validation: torch.Tensor, method, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training, "STEPS", 4)
    network = restore(biased)
    found = method(network, biased.card.input, data, validation, seconds=1, seed=0)
    assert 0 < movement(network, found.network)[0] <= 330 / 24258 + 1e-9
    assert not np.allclose(head_of(found.network).theta, head_of(network).theta)


@pytest.mark.parametrize("method", [fine_tune, robust])
def test_trained_baselines_move_a_copy_of_the_whole_network_towards_the_repair_data(
    biased: CandidatePackage, data: Material, validation: torch.Tensor, method, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(training, "STEPS", 10)
    network = restore(biased)
    found = method(network, biased.card.input, data, validation, seconds=1, seed=0)
    assert movement(network, restore(biased)) == (0.0, 0.0)
    assert movement(network, found.network)[0] > 0.9
    assert found.trials[0].conflicting > 0.5


@pytest.mark.parametrize("method", [fine_tune, refit_head])
def test_a_candidate_with_nan_among_its_weights_is_refused(
    biased: CandidatePackage, data: Material, validation: torch.Tensor, method
):
    network = restore(biased)
    with torch.no_grad():
        network.layers[0].bias[0] = float("nan")
    with pytest.raises(InputError, match=r"not finite|NaN"):
        method(network, biased.card.input, data, validation, seconds=1, seed=0)


def test_weights_that_nan_gradients_spoiled_in_the_last_step_are_refused(
    biased: CandidatePackage, data: Material, validation: torch.Tensor
):
    def spoil(_settings, _training, _watch):
        network = restore(biased)
        with torch.no_grad():
            network.layers[0].weight[0] = float("nan")
        return network

    with pytest.raises(InputError, match="repaired weights are not finite"):
        best_of(RATES, spoil, contract=biased.card.input, data=data, validation=validation, seconds=1)


def test_every_arm_tries_equally_many_settings():
    from biasgate.repair.methods import adversarial, baselines, erasure, head_baselines, unlearning

    grids = (adversarial.GRID, unlearning.GRID, baselines.RATES, baselines.HEAD_RATES, baselines.UPWEIGHTS)
    assert {len(grid) for grid in (*grids, head_baselines.PENALTIES, erasure.ERASURES)} == {2}


def test_without_a_curriculum_every_round_is_as_hard_as_the_last():
    parts = rounds(replace(CURRICULUM, staged=False))
    assert len(parts) == ROUNDS
    assert set(parts) == {rounds(CURRICULUM)[-1]}


def test_noise_is_a_corner_of_the_attacks_ball():
    pixels = torch.full((3, 3, 4, 4), 0.5)
    found = random_change(pixels, family="pixels", radius=0.1, generator=torch.Generator().manual_seed(0))
    assert torch.allclose((found - pixels).abs(), torch.tensor(0.1))
    mixed = random_change(pixels, family="mixing", radius=0.1, generator=torch.Generator().manual_seed(0))
    assert torch.equal(mixed, mixed[:, :, :1, :1].expand_as(mixed)), "one colour map an image"


def test_the_target_attack_changes_the_decision_itself(classifier: PixelClassifier, data: Material):
    few = data.take(torch.arange(60))
    settings = replace(CURRICULUM, against="decision")
    found = changed(classifier, few, settings, radius=0.6, generator=torch.Generator().manual_seed(0))
    before, after = (classifier(samples).argmax(dim=1) for samples in (few.samples, found))
    assert (before != after).float().mean() > 0.5


def test_of_two_classes_a_head_has_two_rows():
    samples = Samples(np.array([[-1.0], [1.0]] * 10), np.array([0, 1] * 10))
    head = sparse_head(sparse_model(10.0), samples, spread_of(samples), classes=2)
    assert isinstance(head, LinearHead)
    assert head.weight[0] == pytest.approx(-head.weight[1])


def test_after_erasure_the_attributes_values_have_equal_means():
    rng = np.random.default_rng(0)
    values = torch.from_numpy(rng.integers(3, size=300))
    features = rng.normal(size=(300, 6)) + np.eye(6)[values] * 3
    projection, offset = eraser(Samples(features, values.numpy()), values, kinds=3)
    erased = features @ projection.T + offset
    means = [erased[values.numpy() == value].mean(axis=0) for value in range(3)]
    assert np.ptp(means, axis=0).max() < 0.1
    assert erased.mean(axis=0) == pytest.approx(features.mean(axis=0), abs=1e-6)


def test_reweighing_makes_attribute_and_label_independent(classifier: PixelClassifier):
    labels, values = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1]), torch.tensor([0, 0, 0, 0, 1, 0, 1, 1])
    few = Material(torch.zeros(8, 2), labels, values, 2, labels == values, torch.arange(8))
    loss, logits, rows = reweighing(classifier, few, Settings(1e-3)), torch.zeros(8, 2), torch.arange(8)
    cells = [(labels == y) & (values == a) for y in (0, 1) for a in (0, 1)]
    weights = [float(loss(logits[cell], rows[cell])) * int(cell.sum()) for cell in cells]
    assert weights[0] * weights[3] == pytest.approx(weights[1] * weights[2], rel=1e-4)
