from __future__ import annotations

import copy
from typing import get_args

import pytest
import torch
from learners import GREY, learner
from torch import nn

from biasgate.data.colouring import recolour
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.presets import preset
from biasgate.training.loop import train
from biasgate.training.normalisation import to_tensor
from biasgate.training.pool import ImagePool
from biasgate.training.recipe import Optimizer
from biasgate.training.together import Learner, train_together

PAPER = preset("digits_paper").model_copy(
    update={"layers": tuple(layer for layer in preset("digits_paper").layers if layer.kind != "dropout")}
)
EVERY_LAYER = Architecture(
    name="every_layer",
    input=(3, 28, 28),
    layers=(
        Conv(out=4, kernel=3, padding=1), Norm(), Relu(), Pool(size=3),
        Residual(body=(Conv(out=6, kernel=3, stride=2, padding=1), Norm(), Relu(), Conv(out=6, kernel=3, padding=1))),
        Relu(), Pool(how="mean"), Pool(how="global"), Flatten(), Dense(out=10),
    ),
)  # fmt: skip


def alone(learner: Learner) -> tuple[nn.Module, float]:
    """The same by the loop for one network, on images that are coloured beforehand."""
    network, sight = copy.deepcopy(learner.network), learner.sight
    assert sight.colours is not None
    samples = to_tensor(recolour(GREY[sight.rows], sight.colours), sight.normalisation)
    generator = copy.deepcopy(learner.generator)
    return network, train(network, samples, torch.from_numpy(sight.labels), recipe=learner.recipe, generator=generator)


@pytest.mark.parametrize("augmentation", ["none", "shift"])
@pytest.mark.parametrize("architecture", [preset("digits_small"), PAPER, EVERY_LAYER], ids=lambda a: a.name)
def test_networks_trained_together_end_where_each_ends_alone(architecture: Architecture, augmentation: str) -> None:
    learners = [learner(architecture, number, augmentation=augmentation) for number in range(3)]
    expected = [alone(one) for one in learners]
    losses = train_together(learners, ImagePool(GREY), dtype=torch.float32)
    for one, loss, (network, loss_alone) in zip(learners, losses, expected, strict=True):
        assert loss == pytest.approx(loss_alone, rel=1e-3)
        for name, value in network.state_dict().items():
            torch.testing.assert_close(one.network.state_dict()[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("optimizer", get_args(Optimizer))
def test_every_optimizer_smoothing_and_decay_goes_the_same_way_together_as_alone(optimizer: str) -> None:
    recipe = {"optimizer": optimizer, "label_smoothing": 0.1, "weight_decay": 0.01, "schedule": "step"}
    learners = [learner(preset("digits_small"), number, **recipe) for number in range(2)]
    expected = [alone(one) for one in learners]
    train_together(learners, ImagePool(GREY), dtype=torch.float32)
    for one, (network, _) in zip(learners, expected, strict=True):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(one.network.state_dict()[name], value, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_a_network_does_not_depend_on_its_neighbours(optimizer: str, dtype: torch.dtype) -> None:
    def trained(numbers: list[int]) -> torch.Tensor:
        learners = [learner(preset("digits_paper"), n, optimizer=optimizer, weight_decay=0.01 * n) for n in numbers]
        train_together(learners, ImagePool(GREY), dtype=dtype)
        return nn.utils.parameters_to_vector(learners[-1].network.parameters())

    assert torch.equal(trained([0, 1, 2]), trained([2]))
    assert not torch.equal(trained([1]), trained([2]))


def test_bfloat16_layers_learn_what_single_precision_learns() -> None:
    pool = ImagePool(GREY)
    recipe = {"optimizer": "adam", "learning_rate": 0.005, "steps": 120}
    for dtype in (torch.float32, torch.bfloat16):
        (loss,) = train_together([learner(preset("digits_small"), 0, **recipe)], pool, dtype=dtype)
        assert loss < 0.2


def test_weights_on_the_way_are_those_of_a_shorter_training_at_a_constant_rate() -> None:
    def weights(learners: list[Learner]) -> torch.Tensor:
        return torch.stack([nn.utils.parameters_to_vector(one.network.parameters()) for one in learners])

    def pair(steps: int) -> list[Learner]:
        return [learner(preset("digits_small"), n, steps=steps, schedule="constant") for n in range(2)]

    long, short, seen = pair(6), pair(4), list[torch.Tensor]()
    train_together(long, ImagePool(GREY), after={4: lambda: seen.append(weights(long))})
    train_together(short, ImagePool(GREY))
    assert torch.equal(seen[0], weights(short))
    assert not torch.equal(seen[0], weights(long))
