"""Networks that learn from a few grey images, for tests of training many at once."""

from __future__ import annotations

import numpy as np
import torch

from biasgate.models.architecture import Architecture
from biasgate.models.network import drawn
from biasgate.training.feed import Sight
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.together import Learner

GREY = np.random.default_rng(0).integers(0, 256, size=(60, 28, 28, 1), dtype=np.uint8)


def learner(architecture: Architecture, number: int, **recipe: object) -> Learner:
    """One of a number's own weights, images, colours and rate; by SGD unless the recipe says else."""
    rng = np.random.default_rng(number)
    network = drawn(architecture, init="kaiming_uniform", seed=number)
    sight = Sight(
        rows=rng.permutation(60)[:40],
        labels=rng.integers(0, 10, 40),
        colours=rng.integers(0, 2, (40, 3)).astype(np.float32),
        normalisation=("unit", "centred")[number % 2],
    )
    recipe = {"learning_rate": 0.001 * (number + 1), "batch": 8, "steps": 6, "optimizer": "sgd", **recipe}
    return Learner(network, sight, TrainingRecipe.model_validate(recipe), torch.Generator().manual_seed(number))
