from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from biasgate.models.architecture import Architecture
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.training.candidate import train_classifier
from biasgate.training.loss import mean_loss
from biasgate.training.normalisation import to_tensor
from biasgate.training.recipe import TrainingRecipe


def test_loss_is_the_mean_negative_log_likelihood_of_classes_or_of_labels() -> None:
    logits = torch.tensor([[0.0, math.log(3)], [0.0, 0.0]])
    assert mean_loss(logits, torch.tensor([1, 0])).item() == pytest.approx((math.log(4 / 3) + math.log(2)) / 2)
    expected = (math.log(2) + math.log(4) + math.log(2) + math.log(2)) / 4
    assert mean_loss(logits, torch.tensor([[1, 0], [0, 1]])).item() == pytest.approx(expected)


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
