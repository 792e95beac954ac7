from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from biasgate.models.architecture import Architecture
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.training.candidate import train_classifier
from biasgate.training.loss import mean_loss, mean_losses
from biasgate.training.normalisation import to_tensor
from biasgate.training.recipe import TrainingRecipe


def test_loss_is_the_mean_negative_log_likelihood_of_classes_or_of_labels() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    assert mean_loss(logits, torch.tensor([1, 0])).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    expected = (math.log(2) + math.log(4) + math.log(2) + math.log(2)) / 4
    assert mean_loss(logits, torch.tensor([[1, 0], [0, 1]])).item() == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
def test_smoothed_labels_cost_a_share_of_every_class_alike_for_one_network_and_many(smoothing: float) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn((2, 5, 4), generator=generator)
    labels = torch.randint(4, (2, 5), generator=generator)
    soft = torch.nn.functional.one_hot(labels, 4) * (1 - smoothing) + smoothing / 4
    expected = -(soft * logits.log_softmax(dim=2)).sum(dim=2).mean(dim=1)
    torch.testing.assert_close(mean_losses(logits, labels, torch.tensor([smoothing, smoothing])), expected)
    alone = [mean_loss(*pair, smoothing=smoothing) for pair in zip(logits, labels, strict=True)]
    torch.testing.assert_close(torch.stack(alone), expected)


def test_a_multi_label_candidate_learns_labels_that_occur_together() -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (80, 3))
    samples = rng.integers(0, 60, (80, 6, 6, 3)).astype(np.uint8)
    for label in range(3):
        samples[:, 2 * label : 2 * label + 2] += (150 * labels[:, label])[:, None, None, None].astype(np.uint8)
    linear = Architecture(name="linear", input=(3, 6, 6), layers=(Flatten(), Dense(out=3)))
    recipe = TrainingRecipe(steps=150, batch=20, learning_rate=0.01)
    network = train_classifier(samples, labels, architecture=linear, seed=1, recipe=recipe)
    assert ((network(to_tensor(samples)) > 0).numpy() == labels).mean() > 0.9
