"""Repair by training on the repair data under some loss: what the baselines share; importing this imports torch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from biasgate.errors import InputError
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.methods.curriculum import BATCH, ROUNDS, STEPS, batches
from biasgate.repair.repaired import Repaired
from biasgate.repair.trials import Watch, best_of
from biasgate.repair.views import random_views


@dataclass(frozen=True)
class Settings:
    """What the grids vary.

    Attributes:
        learning_rate: Peak, of Adam under a one-cycle schedule.
        upweight: How much more a sample counts that a method singles out.
    """

    learning_rate: float
    upweight: float = 1.0


Loss = Callable[[Tensor, Tensor], Tensor]
"""From the logits of a batch and its rows of the data to a scalar."""
MakeLoss = Callable[[PixelClassifier, Material, Settings], Loss]
"""Called before training: the classifier still is the original."""


def repair_by_training(
    network: Network,
    contract: InputContract,
    data: Material,
    validation: Tensor,
    *,
    grid: Sequence[Settings],
    make_loss: MakeLoss,
    head_only: bool = False,
    seconds: float,
    seed: int,
) -> Repaired:
    """Trains a copy of the network under each setting and keeps the best; see ``best_of``.

    Steps, images a step, schedule and random views are the adversarial curriculum's, so that arms differ in what they
    learn from and not in how long.

    Args:
        network: Not changed.
        contract: Its input contract.
        data: All repair data.
        validation: Rows that choose, ``bool [n]``.
        grid: Of settings.
        make_loss: The method.
        head_only: Train the last layer alone.
        seconds: Wall-clock budget.
        seed: Every run starts from it.

    Raises:
        InputError: The loss is not finite.
    """

    def repair(settings: Settings, training: Material, watch: Watch) -> Network:
        classifier = PixelClassifier(copy.deepcopy(network), contract)
        loss = make_loss(classifier, training, settings)
        learner = classifier.network.layers[-1] if head_only else classifier.network
        _train(
            classifier, training, list(learner.parameters()), loss, rate=settings.learning_rate, seed=seed, watch=watch
        )
        return classifier.network

    return best_of(grid, repair, contract=contract, data=data, validation=validation, seconds=seconds)


def _train(
    classifier: PixelClassifier,
    data: Material,
    parameters: list[Tensor],
    loss: Loss,
    *,
    rate: float,
    seed: int,
    watch: Watch,
) -> None:
    generator = torch.Generator().manual_seed(seed)
    optimizer, steps = torch.optim.Adam(parameters, rate, fused=True), ROUNDS * STEPS
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=steps, cycle_momentum=False)
    for step, rows in enumerate(batches(len(data), size=2 * BATCH, count=steps, generator=generator), start=1):
        samples = data.samples[rows]
        views = random_views(samples, generator=generator) if samples.ndim == 4 else samples
        value = loss(classifier(views), rows)
        if not value.isfinite():
            raise InputError("the loss of the repair is not finite", fix="check the repair data and the weights")
        optimizer.zero_grad()
        value.backward(inputs=parameters)
        optimizer.step()
        schedule.step()
        if step % STEPS == 0:
            watch(classifier.network)
