"""The attack takes the very steps of an independent library's FGSM and PGD."""

import pytest
import torch
from captum.robust import FGSM, PGD
from torch import nn
from torch.nn.functional import cross_entropy

from biasgate.repair.adversary.attack import attack

EPSILON = 0.02


@pytest.fixture
def reader() -> nn.Module:
    """So sure of class 0 that no image flips before the last step, where the attack would stop and the library not."""
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(4 * 6 * 6, 4))
    with torch.no_grad():
        layers.get_parameter("3.bias")[0] += 20
    return layers


def per_image(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits, targets, reduction="none")


def test_one_step_is_fgsm(reader: nn.Module):
    pixels, targets = torch.rand(6, 3, 8, 8), torch.tensor([1, 2, 3, 1, 2, 3])
    library = FGSM(reader, per_image, lower_bound=0, upper_bound=1)
    theirs = library.perturb(pixels, epsilon=EPSILON, target=targets, targeted=True)
    ours = attack(reader, pixels, targets, family="pixels", radius=EPSILON, steps=1)
    assert torch.allclose(ours, theirs.detach(), atol=1e-6)
    assert (ours != pixels).any()


def test_several_steps_are_pgd(reader: nn.Module):
    pixels, targets, steps = 0.3 + 0.4 * torch.rand(6, 3, 8, 8), torch.tensor([1, 2, 3, 1, 2, 3]), 6
    library = PGD(reader, per_image, lower_bound=0, upper_bound=1)
    theirs = library.perturb(
        pixels, radius=EPSILON, step_size=2 * EPSILON / steps, step_num=steps, target=targets, targeted=True
    )
    ours = attack(reader, pixels, targets, family="pixels", radius=EPSILON, steps=steps)
    assert reader(ours).argmax(dim=1).tolist() == [0] * 6
    assert torch.allclose(ours, theirs.detach(), atol=1e-6)
