"""Layers on a CPU: network by network, whose values its cache then holds; importing this module imports torch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, max_pool2d

from biasgate.models.stacked import Image

WINDOW_AXIS: int = 2
"""Within the image: a cache just holds one."""


def columns(used: int) -> int:
    """No more than are used."""
    return used


def take(table: Tensor, rows: Tensor) -> Tensor:
    """By torch's own selection."""
    return table.index_select(0, rows.flatten()).view(*rows.shape, -1)


def convolve(x: Image, weight: Tensor, bias: Tensor, *, stride: int, padding: int, dilation: int, groups: int) -> Image:
    """A convolution a network."""
    images = [
        conv2d(part.movedim(-1, 1), w, b, stride, padding, dilation, groups)
        for part, w, b in zip(x.unbind(), weight.unbind(), bias.unbind(), strict=True)
    ]
    return torch.stack([image.movedim(1, -1) for image in images])


def normalise(
    x: Image, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *, momentum: float, epsilon: float
) -> Image:
    """A normalisation a network."""
    parts = (x, mean, variance, weight, bias)
    images = [
        batch_norm(part.movedim(-1, 1), means, variances, weights, biases, True, momentum, epsilon)
        for part, means, variances, weights, biases in zip(*(values.unbind() for values in parts), strict=True)
    ]
    return torch.stack(images).movedim(2, -1)


def max_pool(x: Image, size: int) -> Image:
    """By torch's own, of all images at once."""
    return max_pool2d(x.flatten(0, 1).movedim(-1, 1), size).movedim(1, -1).unflatten(0, x.shape[:2])
