"""A classifier trained as a model owner would train it: the demo's candidate."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.models.architecture import Architecture
from biasgate.training.loop import train
from biasgate.training.normalisation import Normalisation, to_tensor
from biasgate.training.recipe import TrainingRecipe

if TYPE_CHECKING:
    from biasgate.models.network import Network


def train_classifier(
    samples: NDArray[np.uint8] | NDArray[np.float32],
    labels: NDArray[np.int64],
    *,
    architecture: Architecture,
    seed: int,
    recipe: TrainingRecipe | None = None,
    normalisation: Normalisation = "unit",
) -> Network:
    """Trains a declared network on images, from scratch.

    Args:
        samples: Images as stored ``[n, height, width, channels]``.
        labels: Class index ``[n]``, or 0/1 ``[n, labels]`` where a sample can have several.
        architecture: Its last layer has one unit a class (or label).
        seed: Drives initial weights and batches.
        recipe: Of the loop; its defaults when absent.
        normalisation: Of the input; the candidate's card must state the same.

    Returns:
        The network, in evaluation mode.
    """
    import torch

    from biasgate.models.network import build, initialise

    generator = torch.Generator().manual_seed(seed)
    network = build(architecture)
    initialise(network, init="kaiming_uniform", generator=generator)
    inputs, truth = to_tensor(samples, normalisation), torch.from_numpy(labels)
    train(network, inputs, truth, recipe=recipe or TrainingRecipe(), generator=generator)
    return network
