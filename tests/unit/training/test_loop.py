from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from biasgate.errors import InputError
from biasgate.training.loop import train
from biasgate.training.normalisation import to_tensor
from biasgate.training.recipe import TrainingRecipe

FAST = TrainingRecipe(steps=20, batch=16, learning_rate=0.01)


def two_layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(3 * 8 * 8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2))


def bright_or_dark(n: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    labels = torch.arange(n) % 2
    noise = torch.rand(n, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    return noise * 0.5 + labels[:, None, None, None] * 0.4, labels


def trained(recipe: TrainingRecipe = FAST, *, seed: int = 0) -> nn.Sequential:
    module = two_layers()
    train(module, *bright_or_dark(), recipe=recipe, generator=torch.Generator().manual_seed(seed))
    return module


def same(first: nn.Module, second: nn.Module) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first.parameters(), second.parameters(), strict=True))


@pytest.mark.parametrize("augmentation", ["none", "shift"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "sgd"])
def test_equal_generators_give_equal_weights(augmentation: str, optimizer: str) -> None:
    recipe = FAST.model_copy(update={"augmentation": augmentation, "optimizer": optimizer})
    assert same(trained(recipe), trained(recipe))
    assert not same(trained(recipe), trained(recipe, seed=1))


def test_a_clear_difference_is_learned() -> None:
    module = two_layers()
    samples, labels = bright_or_dark()
    loss = train(module, samples, labels, recipe=FAST.model_copy(update={"steps": 100}), generator=torch.Generator())
    assert loss < 0.6
    assert (module(samples).argmax(1) == labels).all()


def test_frozen_layers_stay_and_the_rest_moves() -> None:
    module = two_layers()
    module[1].requires_grad_(False)
    before = [parameter.clone() for parameter in module.parameters()]
    train(module, *bright_or_dark(), recipe=FAST, generator=torch.Generator())
    moved = [not torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)]
    assert moved == [False, False, True, True]


def test_the_model_ends_in_evaluation_mode_and_global_randomness_is_untouched() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    module = two_layers()
    torch.manual_seed(5)
    train(module, *bright_or_dark(), recipe=FAST, generator=torch.Generator())
    assert not module.training
    assert torch.equal(torch.rand(3), expected)


def test_a_set_smaller_than_the_batch_is_one_batch() -> None:
    samples, labels = bright_or_dark(10)
    loss = train(two_layers(), samples, labels, recipe=FAST, generator=torch.Generator())
    assert np.isfinite(loss)


def test_normalisations_span_their_ranges() -> None:
    images = np.array([0, 255], np.uint8).reshape(1, 1, 2, 1).repeat(3, axis=3)
    assert to_tensor(images, "unit").flatten().tolist()[:2] == [0, 1]
    assert to_tensor(images, "centred").flatten().tolist()[:2] == [-1, 1]
    assert to_tensor(images).shape == (1, 3, 1, 2)


def test_what_is_no_image_is_refused() -> None:
    with pytest.raises(InputError, match="8-bit images"):
        to_tensor(np.zeros((4, 3), np.float32))
