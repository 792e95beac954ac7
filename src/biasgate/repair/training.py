"""What methods that train on the repair data under some loss have in common; importing this imports torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self, cast

import torch
from pydantic import Field
from torch import Generator, Tensor
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel

from biasgate.errors import InputError
from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.adversary.curriculum import BATCH, ROUNDS, STEPS, batches
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.method import Need, RepairMethod, Watch
from biasgate.repair.views import random_views

Loss = Callable[[Tensor, Tensor], Tensor]
"""From the logits of a batch and its rows of the data to a scalar."""
Batch = Callable[[Tensor, Generator], tuple[Tensor, Tensor]]
"""From drawn rows of the data and a source of randomness to samples as the network sees them, and their rows."""


class TrainedMethod(RepairMethod):
    """Trains a copy of the network on the repair data under a loss of its own.

    Steps, samples a step, schedule and random views are the adversarial curriculum's, so that methods differ in what
    they learn from and not in how long.

    Attributes:
        drawn: Rows of the data that are drawn for a step.
        averaged: Whether the result is the mean of the weights of the last quarter of all steps: stochastic weight
            averaging, Izmailov et al., arXiv 1803.05407. Batch statistics stay the candidate's own.
        learning_rate: Peak, of Adam under a one-cycle schedule.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRADIENTS})
    cost: ClassVar[str] = "some ten seconds of one core for a small image network, whatever the number of samples"

    changes: ClassVar[str] = "all weights, and nothing else of the graph"
    shown: ClassVar[int] = ROUNDS
    drawn: ClassVar[int] = 2 * BATCH
    averaged: ClassVar[bool] = False

    learning_rate: float = Field(gt=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two learning rates."""
        return cls(learning_rate=2e-2), cls(learning_rate=1e-2)

    @abstractmethod
    def loss(self, classifier: PixelClassifier, data: RepairData) -> Loss:
        """The loss of a training run.

        Args:
            classifier: Model before its training.
            data: Samples to learn from.
        """

    def learned(self, network: TorchNetwork) -> list[Tensor]:
        """The parameters that learn."""
        return list(network.parameters())

    def batch(self, data: RepairData) -> Batch:
        """What a step learns from: the rows that are drawn, images each under its own random view."""
        return lambda rows, generator: (viewed(data.samples[rows], generator=generator), rows)

    def fit(self, classifier: PixelClassifier, data: RepairData, *, seed: int, watch: Watch) -> TorchNetwork:
        """A trained copy of the network.

        Raises:
            InputError: The loss is not finite.
        """
        loss, batch, learner = self.loss(classifier, data), self.batch(data), classifier.copied()
        average = AveragedModel(learner.network) if self.averaged else None
        parameters, steps = self.learned(learner.network), step_count()
        generator = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.Adam(parameters, self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=steps, cycle_momentum=False
        )
        found = learner.network
        for step, drawn in enumerate(batches(len(data), size=self.drawn, count=steps, generator=generator), start=1):
            samples, rows = batch(drawn, generator)
            value = loss(learner(samples), rows)
            if not value.isfinite():
                raise InputError("the loss of the repair is not finite", fix="check the repair data and the weights")
            optimizer.zero_grad()
            value.backward(inputs=parameters)
            optimizer.step()
            schedule.step()
            if average and 4 * step > 3 * steps:
                average.update_parameters(learner.network)
                found = cast("TorchNetwork", average.module)
            if step % STEPS == 0:
                watch(found)
        return found


def step_count() -> int:
    """Steps of a whole training."""
    return ROUNDS * STEPS


def viewed(samples: Tensor, *, generator: Generator) -> Tensor:
    """Images under random views; rows of features as they are."""
    return random_views(samples, generator=generator) if samples.ndim == 4 else samples


def weighted_loss(data: RepairData, weights: Tensor) -> Loss:
    """Cross-entropy in which a sample counts by its weight ``[n]``, scaled to mean 1."""
    scaled = weights / weights.mean()

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        return (scaled[rows] * cross_entropy(logits, data.labels[rows], reduction="none")).mean()

    return loss
