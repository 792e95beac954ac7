"""Influence against leave-one-out retraining; what the unlearning step does to a head, and to a network."""

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from biasgate.data.dataset import Dataset
from biasgate.data.palette import PAPER_PALETTE
from biasgate.data.planting import twins
from biasgate.data.splits import role
from biasgate.errors import CandidateError, InputError
from biasgate.models.network import Network
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair import pairs as pairs_module
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data
from biasgate.repair.heads.bias import Pairs, read_bias
from biasgate.repair.heads.influence import influence_on_bias, most_harmful
from biasgate.repair.heads.last_layer import head_of, read_features, with_head
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.heads.newton import LENGTHS, replacement, searched, unlearn, unlearn_samples
from biasgate.repair.heads.refit import refit
from biasgate.repair.pairs import generated_pairs, given_pairs, matched_pairs, pair_rows
from biasgate.repair.repair import repair

DAMPING = 0.01
CLASSES = 3


def shortcut(n: int, *, conflicting: float, seed: int) -> tuple[Samples, Samples]:
    """Two features: a weak cause of the label, and a strong one that agrees with it; and their counterfactuals."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(CLASSES, size=n)
    flips = rng.random(n) < conflicting
    worn = np.where(flips, (labels + rng.integers(1, CLASSES, size=n)) % CLASSES, labels)
    other = np.where(flips, labels, (labels + rng.integers(1, CLASSES, size=n)) % CLASSES)
    cause = np.eye(CLASSES)[labels] + rng.normal(scale=0.5, size=(n, CLASSES))
    samples, swapped = (Samples(np.column_stack([cause, 2 * np.eye(CLASSES)[v]]), labels) for v in (worn, other))
    return samples, swapped


@pytest.fixture(scope="module")
def training() -> tuple[Samples, Samples]:
    return shortcut(120, conflicting=0.1, seed=0)


@pytest.fixture(scope="module")
def pairs() -> Pairs:
    return Pairs(*shortcut(200, conflicting=0.0, seed=1))


@pytest.fixture(scope="module")
def test_pairs() -> Pairs:
    return Pairs(*shortcut(400, conflicting=0.0, seed=2))


def accuracy(head: LinearHead, samples: Samples) -> float:
    return float((head.log_probabilities(samples).argmax(axis=1) == samples.labels).mean())


def test_influence_ranks_samples_as_leaving_each_out_and_fitting_again_does(
    training: tuple[Samples, Samples], pairs: Pairs
):
    samples = training[0]
    head = refit(samples, classes=CLASSES, damping=DAMPING)
    predicted = -influence_on_bias(head, samples, pairs, damping=DAMPING) / len(samples)
    before = read_bias(head, pairs).signed.value
    rows = np.arange(len(samples))
    fits = (refit(samples.take(rows != row), classes=CLASSES, damping=DAMPING) for row in rows)
    left_out = np.array([read_bias(fitted, pairs).signed.value - before for fitted in fits])
    assert cast(Any, spearmanr)(predicted, left_out).statistic > 0.9
    assert np.polyfit(predicted, left_out, 1)[0] == pytest.approx(1, abs=0.5), "and by about as much"


def test_harmful_samples_are_aligned_ones_and_come_worst_first(training: tuple[Samples, Samples], pairs: Pairs):
    samples = training[0]
    aligned = samples.features[:, CLASSES:].argmax(axis=1) == samples.labels
    head = refit(samples, classes=CLASSES, damping=DAMPING)
    influences = influence_on_bias(head, samples, pairs, damping=DAMPING)
    worst = most_harmful(influences, count=10)
    assert aligned[worst].all()
    assert influences[~aligned].max() < influences[aligned].max()
    assert influences[worst].tolist() == sorted(influences, reverse=True)[:10]


def test_samples_that_lower_the_bias_are_never_harmful():
    assert most_harmful(np.array([0.2, -0.1, 0.5, 0.0]), count=4).tolist() == [2, 0]


def test_unlearning_lowers_the_bias_and_lifts_the_worse_side(
    training: tuple[Samples, Samples], pairs: Pairs, test_pairs: Pairs
):
    before = refit(training[0], classes=CLASSES, damping=DAMPING)
    after = unlearn(training[0], pairs, classes=CLASSES, damping=DAMPING)
    assert read_bias(after, test_pairs).signed.value < read_bias(before, test_pairs).signed.value - 0.1
    assert accuracy(after, test_pairs.conflicting) > accuracy(before, test_pairs.conflicting) + 0.05


def test_replacing_harmful_samples_by_their_counterfactuals_lowers_the_bias(
    training: tuple[Samples, Samples], pairs: Pairs, test_pairs: Pairs
):
    before = refit(training[0], classes=CLASSES, damping=DAMPING)
    after = unlearn_samples(*training, pairs, classes=CLASSES, damping=DAMPING, count=40)
    assert read_bias(after, test_pairs).signed.value < read_bias(before, test_pairs).signed.value - 0.1


def test_nothing_is_unlearned_where_nothing_harms(training: tuple[Samples, Samples]):
    same = Pairs(training[0], training[0])
    before = refit(training[0], classes=CLASSES, damping=DAMPING)
    after = unlearn_samples(*training, same, classes=CLASSES, damping=DAMPING, count=40)
    assert np.array_equal(after.theta, before.theta)


def test_a_step_that_only_harms_is_not_taken(training: tuple[Samples, Samples], pairs: Pairs):
    head = refit(training[0], classes=CLASSES, damping=DAMPING)
    wrong_way = -replacement(head, pairs)
    assert LENGTHS[0] == 0
    assert np.array_equal(searched(head, wrong_way, (pairs.aligned, pairs.conflicting)).theta, head.theta)


@pytest.fixture(scope="module")
def paired_data(grey: Dataset) -> Dataset:
    return twins(role(grey, "repair"), palette=PAPER_PALETTE, rng=np.random.default_rng(5))


@pytest.fixture(scope="module")
def classifier(biased: CandidatePackage) -> PixelClassifier:
    return PixelClassifier(restore(biased), biased.card.input)


def sides_accuracy(package: CandidatePackage, data: RepairData) -> tuple[float, float]:
    with torch.no_grad():
        logits = PixelClassifier(restore(package), package.card.input)(data.samples)
    correct = (logits.argmax(dim=1) == data.labels).double()
    return float(correct[data.aligned].mean()), float(correct[~data.aligned].mean())


def test_unlearning_moves_the_head_alone_and_halves_the_gap(
    biased: CandidatePackage, paired_data: Dataset, held_out: Dataset, tmp_path
):
    repaired, record = repair(biased, paired_data, method="unlearning", into=tmp_path / "package", seconds=600, seed=0)
    held = read_data(held_out, attribute="colour")
    before, after = sides_accuracy(biased, held), sides_accuracy(repaired, held)
    assert after[1] > before[1]
    assert after[0] - after[1] < (before[0] - before[1]) / 2
    old, new = restore(biased), restore(repaired)
    for name, parameter in old.named_parameters():
        last = name.startswith(f"layers.{len(old.layers) - 1}.")
        assert torch.equal(parameter, new.get_parameter(name)) != last, name
    assert record.moved == pytest.approx(330 / 24258, rel=0.01)


def test_given_pairs_share_unit_and_label(paired_data: Dataset):
    data = read_data(paired_data, attribute="colour")
    aligned, conflicting = pair_rows(data)
    assert len(aligned) == len(data) // 2
    assert data.aligned[aligned].all()
    assert not data.aligned[conflicting].any()
    assert torch.equal(data.clusters[aligned], data.clusters[conflicting])
    assert torch.equal(data.labels[aligned], data.labels[conflicting])


def test_data_without_counterfactual_pairs_gives_none(repair_data: Dataset, classifier: PixelClassifier):
    data = read_data(repair_data, attribute="colour")
    with pytest.raises(InputError, match="give counterfactual pairs"):
        given_pairs(read_features(classifier, data), data)


def test_matched_pairs_are_nearest_in_label():
    features = np.array([[0.0], [5.0], [0.1], [4.0], [0.2]])
    samples = Samples(features, np.array([0, 0, 0, 0, 1]))
    pairs = matched_pairs(samples, np.array([True, True, False, False, True]))
    assert pairs.aligned.features.ravel().tolist() == [0.0, 5.0]
    assert pairs.conflicting.features.ravel().tolist() == [0.1, 4.0]


def test_labels_with_one_side_only_cannot_be_matched():
    samples = Samples(np.zeros((4, 1)), np.array([0, 0, 1, 1]))
    with pytest.raises(InputError, match="both"):
        matched_pairs(samples, np.array([True, True, False, False]))


def test_a_repair_by_unlearning_without_any_pair_makes_nothing(
    biased: CandidatePackage, repair_data: Dataset, tmp_path
):
    even = repair_data.labels % 2 == 0
    alone = repair_data.take(even == (repair_data.attribute("alignment") == "aligned"))
    with pytest.raises(InputError, match="no label has both aligned and conflicting"):
        repair(biased, alone, method="unlearning", into=tmp_path / "package", seconds=600, seed=0)
    assert not (tmp_path / "package").exists()


def test_an_attack_that_flips_no_image_gives_no_pairs(
    classifier: PixelClassifier, repair_data: Dataset, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(pairs_module, "RADIUS", 0.0)
    data = read_data(repair_data, attribute="colour").take(torch.arange(40))
    with pytest.raises(InputError, match="could be changed"):
        generated_pairs(classifier, data, seed=0)


def test_generated_pairs_change_the_colour_and_with_it_the_decision(classifier: PixelClassifier, repair_data: Dataset):
    data = read_data(repair_data, attribute="colour")
    pairs = generated_pairs(classifier, data, seed=0)
    head = head_of(classifier.network)
    assert len(pairs) > 0.5 * int(data.aligned.sum())
    assert read_bias(head, pairs).signed.low > 0.2


def test_a_head_that_is_not_linear_is_refused(classifier: PixelClassifier):
    network = with_head(classifier.network, head_of(classifier.network))
    assert isinstance(network, Network)
    network.layers.append(torch.nn.ReLU())
    with pytest.raises(CandidateError, match="not linear"):
        head_of(network)


def test_a_new_head_leaves_the_original_alone(classifier: PixelClassifier):
    head = head_of(classifier.network)
    changed = with_head(classifier.network, head.moved(np.ones(head.theta.size)))
    assert np.allclose(head_of(classifier.network).theta, head.theta)
    assert np.allclose(head_of(changed).theta, head.theta + 1)


def test_unlearning_repairs_data_without_counterfactual_pairs_too(
    biased: CandidatePackage, repair_data: Dataset, held_out: Dataset, tmp_path
):
    repaired = repair(biased, repair_data, method="unlearning", into=tmp_path / "package", seconds=600, seed=0)[0]
    held = read_data(held_out, attribute="colour")
    before, after = sides_accuracy(biased, held), sides_accuracy(repaired, held)
    assert after[0] - after[1] < (before[0] - before[1]) / 2


def test_features_that_are_not_finite_stop_the_repair(paired_data: Dataset):
    samples = paired_data.array.astype(np.float32).reshape(len(paired_data), -1)
    samples[0, 0] = np.nan
    with pytest.raises(InputError, match="NaN"):
        read_data(replace(paired_data, samples=samples), attribute="colour")
