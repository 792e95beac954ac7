"""A GPU's ways compute what a CPU's do: both run here on the CPU."""

from __future__ import annotations

import pytest
import torch
from learners import GREY, learner
from torch import Tensor

from biasgate.models.presets import preset
from biasgate.training import pool as pools
from biasgate.training import stack as stacks
from biasgate.training.kernels import cpu, gpu
from biasgate.training.kernels.interface import Kernels
from biasgate.training.pool import ImagePool
from biasgate.training.together import train_together


def assert_same(ours: Tensor, theirs: Tensor, *inputs: Tensor) -> None:
    torch.testing.assert_close(ours, theirs)
    gradient = torch.randn_like(theirs)
    mine, expected = (torch.autograd.grad(y, inputs, gradient) for y in (ours, theirs))
    torch.testing.assert_close(mine, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("channels", "out", "groups"), [(2, 5, 1), (3, 5, 1), (4, 4, 4), (4, 6, 2)])
@pytest.mark.parametrize(("stride", "padding", "dilation"), [(1, 0, 1), (2, 1, 1), (1, 2, 2), (3, 0, 1)])
def test_convolutions(stride: int, padding: int, dilation: int, channels: int, out: int, groups: int) -> None:
    geometry = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    shapes = (4, 2, 9, 8, channels), (4, out, channels // groups, 3, 3), (4, out)
    inputs = [torch.randn(shape).requires_grad_() for shape in shapes]
    assert_same(gpu.convolve(*inputs, **geometry), cpu.convolve(*inputs, **geometry), *inputs)


def test_norms_and_their_running_statistics() -> None:
    x, weight, bias = torch.randn(3, 4, 5, 6, 7), torch.randn(3, 7), torch.randn(3, 7)
    inputs = x.requires_grad_(), weight.requires_grad_(), bias.requires_grad_()
    running = [(torch.zeros(3, 7), torch.ones(3, 7)) for _ in range(2)]
    ours, theirs = (
        kernels.normalise(*inputs, *statistics, momentum=0.1, epsilon=1e-5)
        for kernels, statistics in zip((gpu, cpu), running, strict=True)
    )
    assert_same(ours, theirs, *inputs)
    torch.testing.assert_close(*running)
    assert running[0][0].abs().max() > 0


@pytest.mark.parametrize("channels", [1, 2, 4, 5])
@pytest.mark.parametrize("size", [2, 3])
def test_max_pooling_and_its_gradient_at_ties(size: int, channels: int) -> None:
    x = torch.randint(0, 3, (2, 4, 7, 8, channels)).float().requires_grad_()
    ours, torchs = gpu.max_pool(x, size), cpu.max_pool(x, size)
    assert torch.equal(ours, torchs)
    assert_same(ours, torchs, x)


@pytest.mark.parametrize("columns", [1, 6, 8])
def test_rows_of_a_table(columns: int) -> None:
    table, rows = torch.randn(20, columns), torch.randint(20, (3, 4))
    assert torch.equal(gpu.take(table, rows), cpu.take(table, rows))


@pytest.mark.parametrize("name", ["digits_small", "digits_paper", "digits_residual"])
def test_whole_networks_learn_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def learned(kernels: Kernels) -> list[float]:
        for module in (stacks, pools):
            monkeypatch.setattr(module, "kernels_for", lambda device: kernels)
        learners = [learner(preset(name), number, augmentation="shift") for number in range(3)]
        return train_together(learners, ImagePool(GREY), dtype=torch.float32)

    assert learned(gpu) == pytest.approx(learned(cpu), rel=1e-3)
