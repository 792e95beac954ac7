from __future__ import annotations

import numpy as np
import torch

from biasgate.models.presets import preset
from biasgate.training.candidate import train_classifier
from biasgate.training.normalisation import to_tensor
from biasgate.training.recipe import TrainingRecipe


def test_a_candidate_learns_its_training_set_and_follows_from_its_seed() -> None:
    rng = np.random.default_rng(0)
    labels = np.arange(60) % 10
    samples = (rng.random((60, 28, 28, 3)) * 60 + labels[:, None, None, None] * 19).astype(np.uint8)
    recipe = TrainingRecipe(steps=60, batch=16, learning_rate=0.01)
    first, second = (
        train_classifier(samples, labels, architecture=preset("digits_small"), seed=3, recipe=recipe) for _ in range(2)
    )
    assert torch.equal(first(to_tensor(samples)), second(to_tensor(samples)))
    assert (first(to_tensor(samples)).argmax(1).numpy() == labels).mean() > 0.5
