"""Methods weigh, draw and move what their papers say."""

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair import training
from biasgate.repair.budget import Budget
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data, validation_rows
from biasgate.repair.groups import balancing_weights, groups_of
from biasgate.repair.heads.last_layer import head_of
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.methods.dfr import balanced_draw, sparse_head, sparse_model
from biasgate.repair.methods.fine_tuning import FineTuning
from biasgate.repair.methods.group_dro import GroupDro
from biasgate.repair.methods.jtt import Jtt
from biasgate.repair.methods.leace import eraser
from biasgate.repair.methods.reweighing import Reweighing
from biasgate.repair.registry import find_method
from biasgate.repair.repair import movement
from biasgate.repair.trials import Repaired, best_of


@pytest.fixture(scope="module")
def data(repair_data: Dataset) -> RepairData:
    return read_data(repair_data, attribute="colour")


@pytest.fixture(scope="module")
def validation(repair_data: Dataset, data: RepairData) -> torch.Tensor:
    return validation_rows(repair_data, data, seed=0)


@pytest.fixture(scope="module")
def classifier(biased: CandidatePackage) -> PixelClassifier:
    return PixelClassifier(restore(biased), biased.card.input)


def repaired(name: str, classifier: PixelClassifier, data: RepairData, validation: torch.Tensor) -> Repaired:
    """By the method's own settings, of which a second allows the first alone when a run takes longer."""
    return best_of(find_method(name).grid(), classifier, data, validation=validation, budget=Budget(600), seed=0)


def test_every_group_weighs_the_same_in_balancing(data: RepairData):
    lopsided = data.take(torch.cat([torch.arange(len(data)), torch.arange(40)]))
    weights, groups = balancing_weights(lopsided), groups_of(lopsided)
    totals = [float(weights[groups == group].sum()) for group in groups.unique()]
    assert totals == pytest.approx([totals[0]] * len(totals), rel=1e-4)
    assert float(weights.mean()) == pytest.approx(1)


def test_jtt_upweighs_what_the_original_gets_wrong(classifier: PixelClassifier, data: RepairData):
    logits = torch.zeros(len(data), 10)
    rows = torch.arange(len(data))
    wrong = classifier(data.samples).argmax(dim=1) != data.labels
    loss = Jtt(learning_rate=1e-3, upweight=5.0).loss(classifier, data)
    totals = [float(loss(logits[side], rows[side])) for side in (wrong, ~wrong)]
    assert totals[0] / totals[1] == pytest.approx(5, rel=1e-4)


def test_group_dro_moves_weight_to_the_group_with_the_higher_loss(classifier: PixelClassifier, data: RepairData):
    few = data.take(torch.stack([torch.where(data.labels == label)[0][0] for label in (0, 1)]))
    method = GroupDro(learning_rate=1e-3)
    loss = method.loss(classifier, few)
    logits = torch.zeros(2, 10)
    logits[0, 0] = 5.0
    losses = cross_entropy(logits, few.labels, reduction="none")
    shares = torch.tensor([0.5, 0.5])
    for _ in range(2):
        shares = shares * (method.step * losses).exp()
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
    head = sparse_head(sparse_model(1.0), samples, samples.features.std(axis=0), classes=3)
    decisions = head.log_probabilities(samples).argmax(axis=1)
    assert (decisions == drawn).mean() > 0.85
    assert set(decisions) <= set(labels), "a class that was never seen is never decided for"


@pytest.mark.parametrize("name", ["head_refit", "dfr", "leace"])
def test_head_methods_move_the_head_alone(
    classifier: PixelClassifier,
    data: RepairData,
    validation: torch.Tensor,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(training, "STEPS", 4)
    found = repaired(name, classifier, data, validation)
    assert 0 < movement(classifier.network, found.network)[0] <= 330 / 24258 + 1e-9
    assert not np.allclose(head_of(found.network).theta, head_of(classifier.network).theta)


@pytest.mark.parametrize("name", ["fine_tuning", "group_dro"])
def test_trained_methods_move_a_copy_of_the_whole_network_towards_the_repair_data(
    biased: CandidatePackage,
    classifier: PixelClassifier,
    data: RepairData,
    validation: torch.Tensor,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(training, "STEPS", 10)
    found = repaired(name, classifier, data, validation)
    assert movement(classifier.network, restore(biased)) == (0.0, 0.0)
    assert movement(classifier.network, found.network)[0] > 0.9
    assert found.trials[0].conflicting > 0.5


@pytest.mark.parametrize("name", ["fine_tuning", "head_refit"])
def test_a_candidate_with_nan_among_its_weights_is_refused(
    biased: CandidatePackage, data: RepairData, validation: torch.Tensor, name: str
):
    network = restore(biased)
    with torch.no_grad():
        network.get_parameter("layers.0.bias")[0] = float("nan")
    with pytest.raises(InputError, match=r"not finite|NaN"):
        repaired(name, PixelClassifier(network, biased.card.input), data, validation)


class Spoiled(FineTuning):
    """NaN gradients in the last step."""

    def fit(self, classifier, data, *, seed, watch):
        network = classifier.copied().network
        with torch.no_grad():
            network.get_parameter("layers.0.weight")[0] = float("nan")
        return network


def test_weights_that_nan_gradients_spoiled_in_the_last_step_are_refused(
    classifier: PixelClassifier, data: RepairData, validation: torch.Tensor
):
    with pytest.raises(InputError, match="repaired weights are not finite"):
        best_of(Spoiled.grid(), classifier, data, validation=validation, budget=Budget(600), seed=0)


def test_of_two_classes_a_head_has_two_rows():
    samples = Samples(np.array([[-1.0], [1.0]] * 10), np.array([0, 1] * 10))
    head = sparse_head(sparse_model(10.0), samples, samples.features.std(axis=0), classes=2)
    assert isinstance(head, LinearHead)
    assert head.weight[0] == pytest.approx(-head.weight[1])


def test_after_erasure_the_attributes_values_have_equal_means():
    rng = np.random.default_rng(0)
    values = torch.from_numpy(rng.integers(3, size=300))
    features = rng.normal(size=(300, 6)) + np.eye(6)[values] * 3
    projection, offset = eraser(features, values.numpy())
    erased = features @ projection.T + offset
    means = [erased[values.numpy() == value].mean(axis=0) for value in range(3)]
    assert np.ptp(means, axis=0).max() < 1e-9
    assert erased.mean(axis=0) == pytest.approx(features.mean(axis=0), abs=1e-6)


def test_the_eraser_is_that_of_an_independent_library():
    from concept_erasure import LeaceFitter

    rng = np.random.default_rng(0)
    values = torch.from_numpy(rng.integers(3, size=5000))
    features = rng.normal(size=(5000, 6)) @ rng.normal(size=(6, 6)) + np.eye(6)[values] * 3
    projection, _ = eraser(features, values.numpy())
    theirs = LeaceFitter.fit(torch.from_numpy(features), torch.eye(3).double()[values]).eraser
    assert projection == pytest.approx(theirs.P.numpy(), abs=0.02)


def test_reweighing_makes_attribute_and_label_independent(classifier: PixelClassifier):
    labels, values = torch.tensor([0, 0, 0, 0, 0, 1, 1, 1]), torch.tensor([0, 0, 0, 0, 1, 0, 1, 1])
    few = RepairData(torch.zeros(8, 2), labels, values, 2, labels == values, torch.arange(8))
    loss, logits, rows = Reweighing(learning_rate=1e-3).loss(classifier, few), torch.zeros(8, 2), torch.arange(8)
    cells = [(labels == y) & (values == a) for y in (0, 1) for a in (0, 1)]
    weights = [float(loss(logits[cell], rows[cell])) * int(cell.sum()) for cell in cells]
    assert weights[0] * weights[3] == pytest.approx(weights[1] * weights[2], rel=1e-4)
