"""What methods that train on the repair data under some loss have in common; importing this imports torch."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, Self

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import cross_entropy

from biasgate.errors import InputError
from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.adversary.curriculum import BATCH, ROUNDS, STEPS, batches
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.method import Need, RepairMethod, Watch
from biasgate.repair.views import random_views

Loss = Callable[[Tensor, Tensor], Tensor]
"""From the logits of a batch and its rows of the data to a scalar."""


class TrainedMethod(RepairMethod):
    """Trains a copy of the network on the repair data under a loss of its own.

    Steps, samples a step, schedule and random views are the adversarial curriculum's, so that methods differ in what
    they learn from and not in how long.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GRADIENTS})
    cost: ClassVar[str] = "some ten seconds of one core for a small image network, whatever the number of samples"

    shown: ClassVar[int] = ROUNDS

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

    def fit(self, classifier: PixelClassifier, data: RepairData, *, seed: int, watch: Watch) -> TorchNetwork:
        """A trained copy of the network.

        Raises:
            InputError: The loss is not finite.
        """
        loss, learner = self.loss(classifier, data), classifier.copied()
        parameters, steps = self.learned(learner.network), ROUNDS * STEPS
        generator = torch.Generator().manual_seed(seed)
        optimizer = torch.optim.Adam(parameters, self.learning_rate, fused=True)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.learning_rate, total_steps=steps, cycle_momentum=False
        )
        for step, rows in enumerate(batches(len(data), size=2 * BATCH, count=steps, generator=generator), start=1):
            samples = data.samples[rows]
            views = random_views(samples, generator=generator) if samples.ndim == 4 else samples
            value = loss(learner(views), rows)
            if not value.isfinite():
                raise InputError("the loss of the repair is not finite", fix="check the repair data and the weights")
            optimizer.zero_grad()
            value.backward(inputs=parameters)
            optimizer.step()
            schedule.step()
            if step % STEPS == 0:
                watch(learner.network)
        return learner.network


def weighted_loss(data: RepairData, weights: Tensor) -> Loss:
    """Cross-entropy in which a sample counts by its weight ``[n]``, scaled to mean 1."""
    scaled = weights / weights.mean()

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        return (scaled[rows] * cross_entropy(logits, data.labels[rows], reduction="none")).mean()

    return loss
