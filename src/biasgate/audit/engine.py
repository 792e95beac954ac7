"""From arms and seeds to trained and measured models, many at once; importing it imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from biasgate.audit.intervene import Arm
from biasgate.audit.material import Material
from biasgate.audit.perturb import Images
from biasgate.audit.spec import AuditSpec
from biasgate.audit.spectra import radial_power
from biasgate.models.network import Network, drawn
from biasgate.training.feed import Sight
from biasgate.training.normalisation import Normalisation, to_tensor
from biasgate.training.pool import ImagePool
from biasgate.training.together import Learner, train_together

Answers: TypeAlias = dict[str, NDArray[np.generic]]
STACK = 5
"""Models that are trained at once: the cost of a step besides arithmetic is shared, and activations stay in cache."""

PIECE = 250
"""Images that a model sees at once when it is measured."""


def train_arm(
    arm: Arm,
    seeds: Sequence[int],
    material: Material,
    pool: ImagePool,
    *,
    spec: AuditSpec,
    advance: Callable[[int], object],
) -> Answers:
    """Trains one architecture from several seeds and measures each model on every view of the test images.

    A model is a function of arm, seed and data alone, whatever it is trained beside. The same seed draws the same
    samples and batches in every arm.

    Args:
        arm: What is trained.
        seeds: One model each.
        material: The data.
        pool: Its training images.
        spec: The experiment.
        advance: Told of so many models that are done.

    Returns:
        ``correct`` ``uint8 [seeds, views, ceil(images / 8)]``, bits packed; ``power`` ``float32 [seeds, BINS]``, the
        first convolution's spectrum; ``loss`` ``float32 [seeds]``.
    """
    answers: list[tuple[NDArray[np.uint8], NDArray[np.float64]]] = []
    losses: list[float] = []
    for start in range(0, len(seeds), STACK):
        learners = [_learner(arm, seed, material, spec) for seed in seeds[start : start + STACK]]
        losses += train_together(learners, pool)
        for learner in learners:
            correct = [
                answers_of(learner.network, view, spec.normalisation) == material.test.labels
                for view in material.views.values()
            ]
            answers.append((np.packbits(correct, axis=-1), first_spectrum(learner.network)))
            advance(1)
    return {
        "correct": np.stack([correct for correct, _ in answers]),
        "power": np.stack([power for _, power in answers]).astype(np.float32),
        "loss": np.array(losses, dtype=np.float32),
    }


def _learner(arm: Arm, seed: int, material: Material, spec: AuditSpec) -> Learner:
    rng = np.random.default_rng(seed)
    rows = rng.permutation(len(material.train))[: spec.samples]
    return Learner(
        network=drawn(arm.architecture, init="kaiming_uniform", seed=seed),
        sight=Sight(rows, material.train.labels[rows], colours=None, normalisation=spec.normalisation),
        recipe=spec.recipe,
        generator=torch.Generator().manual_seed(int(rng.integers(2**62))),
    )


@torch.inference_mode()
def answers_of(network: Network, images: Images, normalisation: Normalisation) -> NDArray[np.int64]:
    """The class that the network gives each image ``[n]``."""
    pieces = [images[start : start + PIECE] for start in range(0, len(images), PIECE)]
    return np.concatenate([network(to_tensor(piece, normalisation)).argmax(dim=1).numpy() for piece in pieces])


def first_spectrum(network: Network) -> NDArray[np.float64]:
    """The spectrum of the first convolution's filters; see ``spectra.radial_power``."""
    first = next(module for module in network.modules() if isinstance(module, nn.Conv2d))
    return radial_power(first.weight.detach().numpy(), dilation=first.dilation[0])
