"""Layers on a CPU: network by network, whose values its cache then holds; importing this module imports torch."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm, conv2d, max_pool2d

from biasgate.training.kernels.interface import Image, Norm

WINDOW_AXIS: int = 2
"""Within the image: a cache just holds one."""


def columns(used: int) -> int:
    """No more than are used."""
    return used


def take(table: Tensor, rows: Tensor) -> Tensor:
    """By torch's own selection."""
    return table.index_select(0, rows.flatten()).view(*rows.shape, -1)


def convolve(x: Image, weight: Tensor, bias: Tensor, module: nn.Conv2d) -> Image:
    """A convolution a network."""
    padding = cast(tuple[int, ...], module.padding)
    images = [
        conv2d(part.movedim(-1, 1), w, b, module.stride, padding, module.dilation)
        for part, w, b in zip(x.unbind(), weight.unbind(), bias.unbind(), strict=True)
    ]
    return torch.stack([image.movedim(1, -1) for image in images])


def normalise(x: Image, norm: Norm) -> Image:
    """A normalisation a network."""
    momentum, epsilon = norm.module.momentum or 0.0, norm.module.eps
    parts = (x, norm.mean, norm.variance, norm.weight, norm.bias)
    images = [
        batch_norm(part.movedim(-1, 1), mean, variance, weight, bias, True, momentum, epsilon)
        for part, mean, variance, weight, bias in zip(*(values.unbind() for values in parts), strict=True)
    ]
    return torch.stack(images).movedim(2, -1)


def max_pool(x: Image, size: int) -> Image:
    """By torch's own, of all images at once."""
    return max_pool2d(x.flatten(0, 1).movedim(-1, 1), size).movedim(1, -1).unflatten(0, x.shape[:2])
