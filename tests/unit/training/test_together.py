from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn

from biasgate.data.planting import recolour
from biasgate.models.architecture import Architecture, Conv, Dense, Flatten, Norm, Pool, Relu, Residual
from biasgate.models.network import build, initialise
from biasgate.models.presets import preset
from biasgate.training import batch_norm
from biasgate.training.convolution import by_products, one_by_one
from biasgate.training.loop import train
from biasgate.training.normalisation import to_tensor
from biasgate.training.pool import ImagePool, Sight
from biasgate.training.pooling import max_pool
from biasgate.training.recipe import TrainingRecipe
from biasgate.training.together import Learner, train_together

GREY = np.random.default_rng(0).integers(0, 256, size=(60, 28, 28, 1), dtype=np.uint8)
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


def learner(architecture: Architecture, number: int, **recipe: object) -> Learner:
    rng = np.random.default_rng(number)
    network = build(architecture)
    initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(number))
    sight = Sight(
        rows=torch.from_numpy(rng.permutation(60)[:40]),
        labels=torch.from_numpy(rng.integers(0, 10, 40)),
        colours=torch.from_numpy(rng.integers(0, 2, (40, 3))).float(),
        normalisation=("unit", "centred")[number % 2],
    )
    recipe = {"learning_rate": 0.001 * (number + 1), "batch": 8, "steps": 6, "optimizer": "sgd", **recipe}
    return Learner(network, sight, TrainingRecipe.model_validate(recipe), torch.Generator().manual_seed(number))


def alone(learner: Learner) -> tuple[nn.Module, float]:
    """The same by the loop for one network, on images that are coloured beforehand."""
    network, sight = copy.deepcopy(learner.network), learner.sight
    assert sight.colours is not None
    samples = to_tensor(recolour(GREY[sight.rows.numpy()], sight.colours.numpy()), sight.normalisation)
    generator = copy.deepcopy(learner.generator)
    return network, train(network, samples, sight.labels, recipe=learner.recipe, generator=generator)


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


@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 0, 1)])
def test_one_product_for_all_networks_convolves_as_one_by_one_does(stride: int, padding: int, dilation: int) -> None:
    module = nn.Conv2d(3, 5, 3, stride=stride, padding=padding, dilation=dilation)
    parts = [torch.randn(4, 2, 9, 8, 3), torch.randn(4, 5, 3, 3, 3), torch.randn(4, 5)]
    inputs = [part.requires_grad_() for part in parts]
    at_once, expected = by_products(*inputs, module), one_by_one(*inputs, module)
    torch.testing.assert_close(at_once, expected)
    gradient = torch.randn_like(expected)
    ours, theirs = (torch.autograd.grad(y, inputs, gradient) for y in (at_once, expected))
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-4)


def test_norms_side_by_side_give_what_one_by_one_gives() -> None:
    x, (weight, bias, mean) = torch.randn(3, 4, 5, 6, 7), torch.randn(3, 3, 7)
    variances = [torch.ones(3, 7) for _ in range(2)]
    means = [mean.clone() for _ in range(2)]
    by_each, together = (
        normed(x, batch_norm.Normed(weight, bias, mean, variance, nn.BatchNorm2d(7)))
        for normed, mean, variance in zip((batch_norm.one_by_one, batch_norm.at_once), means, variances, strict=True)
    )
    torch.testing.assert_close(together, by_each)
    torch.testing.assert_close(means[0], means[1])
    torch.testing.assert_close(variances[0], variances[1])
    assert not torch.equal(means[0], mean)


@pytest.mark.parametrize("size", [2, 3])
def test_max_pooling_is_torchs_with_its_gradient_at_ties(size: int) -> None:
    x = torch.randint(0, 3, (2, 4, 7, 8, 5)).float().requires_grad_()
    expected = nn.functional.max_pool2d(x.flatten(0, 1).movedim(-1, 1), size).movedim(1, -1)
    pooled = max_pool(x, size)
    assert torch.equal(pooled.flatten(0, 1), expected)
    gradient = torch.randn_like(pooled)
    (ours,) = torch.autograd.grad(pooled, x, gradient)
    (theirs,) = torch.autograd.grad(expected, x, gradient.flatten(0, 1))
    torch.testing.assert_close(ours, theirs)
