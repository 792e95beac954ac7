"""Methods that train on counterfactual pairs side by side, and on averaged weights, do what they say."""

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector

from biasgate.data.dataset import Dataset
from biasgate.models.package import CandidatePackage
from biasgate.models.restore import restore
from biasgate.repair import training
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data
from biasgate.repair.methods.averaged_group_dro import AveragedGroupDro
from biasgate.repair.methods.paired_fine_tuning import PairedFineTuning
from biasgate.repair.methods.paired_group_dro import PairedGroupDro
from biasgate.repair.paired_training import divergence
from biasgate.repair.pairs import counterparts


def rows(*, labels: list[int], aligned: list[bool], clusters: list[int]) -> RepairData:
    """Two columns a row, of which the second is the attribute."""
    sides, label = torch.tensor(aligned), torch.tensor(labels)
    samples = torch.stack([torch.arange(len(labels)).float(), sides.float()], dim=1)
    return RepairData(samples, label, sides.long(), 2, sides, torch.tensor(clusters))


def test_a_counterpart_is_the_other_half_and_a_sample_without_one_is_its_own():
    data = rows(
        labels=[0, 0, 1, 1, 1],
        aligned=[True, False, False, True, True],
        clusters=[7, 7, 8, 8, 9],
    )
    assert counterparts(data).tolist() == [1, 0, 3, 2, 4]


def test_equal_decisions_are_not_apart_and_apart_is_symmetric():
    first, second = torch.randn(5, 3), torch.randn(5, 3)
    assert float(divergence(torch.cat([first, first + 2]))) == pytest.approx(0, abs=1e-6)
    there, back = divergence(torch.cat([first, second])), divergence(torch.cat([second, first]))
    assert float(there) == pytest.approx(float(back))
    p, q = first.softmax(dim=1), second.softmax(dim=1)
    assert float(there) == pytest.approx(float(((p - q) * (p / q).log()).sum(dim=1).mean() / 2), rel=1e-4)


def test_both_halves_of_a_pair_are_in_a_step_under_one_view():
    images = torch.rand(3, 1, 8, 8)
    pairs = RepairData(
        torch.cat([images, 1 - images]),
        torch.arange(3).repeat(2),
        torch.tensor([0, 0, 0, 1, 1, 1]),
        2,
        torch.tensor([True] * 3 + [False] * 3),
        torch.arange(3).repeat(2),
    )
    drawn = torch.tensor([2, 0])
    samples, both = PairedGroupDro.grid()[0].batch(pairs)(drawn, torch.Generator().manual_seed(0))
    assert both.tolist() == [2, 0, 5, 3]
    inside = samples[:2] + samples[2:]
    assert torch.allclose(inside[:, :, 3:5, 3:5], torch.ones(()), atol=1e-5), "an image and its negative are white"


def test_the_tie_sets_in_at_half_time_and_grows(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(training, "STEPS", 1)
    data = rows(labels=[0, 0], aligned=[True, False], clusters=[0, 0])
    logits = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    tied, untied = (PairedFineTuning(learning_rate=0.1, tie=tie).loss(_no_classifier(), data) for tie in (1.0, 0.0))
    ties = [float(tied(logits, torch.arange(2)) - untied(logits, torch.arange(2))) for _ in range(8)]
    assert ties[:4] == pytest.approx([0] * 4)
    assert ties[4:] == pytest.approx([float(divergence(logits)) * part / 4 for part in (1, 2, 3, 4)])


def test_a_rare_class_has_to_win_by_more_while_it_learns():
    data = rows(labels=[0, 0, 0, 1], aligned=[True, False, True, True], clusters=[0, 0, 1, 2])
    loss, logits = PairedFineTuning(learning_rate=0.1, tie=0).loss(_no_classifier(), data), torch.zeros(4, 2)
    shares = torch.tensor([0.75, 0.25]).log().expand(4, 2)
    assert float(loss(logits, torch.arange(4))) == pytest.approx(float(cross_entropy(shares, data.labels)))


@pytest.mark.parametrize("method", [AveragedGroupDro, PairedGroupDro, PairedFineTuning])
def test_the_result_is_the_mean_of_the_last_quarters_weights(
    method: type[training.TrainedMethod],
    biased: CandidatePackage,
    repair_data: Dataset,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(training, "STEPS", 1)
    classifier, data = PixelClassifier(restore(biased), biased.card.input), read_data(repair_data)
    raw = list[torch.Tensor]()
    step = torch.optim.Adam.step

    def noted(self: torch.optim.Adam, *given: Any, **named: Any) -> Any:
        done = step(self, *given, **named)
        raw.append(
            torch.cat([value.detach().flatten().clone() for group in self.param_groups for value in group["params"]])
        )
        return done

    monkeypatch.setattr(torch.optim.Adam, "step", noted)
    found = method.grid()[0].fit(classifier, data, seed=0, watch=lambda _: None)
    assert len(raw) == 8
    assert torch.allclose(parameters_to_vector(found.parameters()), torch.stack(raw[-2:]).mean(dim=0), atol=1e-6)


def _no_classifier() -> PixelClassifier:
    """These losses ask the candidate nothing."""
    return PixelClassifier.__new__(PixelClassifier)
