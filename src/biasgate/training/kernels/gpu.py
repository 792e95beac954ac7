"""Layers on a GPU: all networks in few launches over long runs of memory; importing this module imports torch."""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import batch_norm, conv2d, pad

from biasgate.models.stacked import Image
from biasgate.training.kernels.maximum import maximum

WINDOW_AXIS: int = 0
"""First: the maximum then runs over whole tensors."""
WORDS = {16: torch.complex128, 8: torch.int64, 4: torch.int32}
"""Types by their bytes."""


def columns(used: int) -> int:
    """A multiple of eight, which products in 16 bits are fastest at."""
    return -(-used // 8) * 8


def take(table: Tensor, rows: Tensor) -> Tensor:
    """Word by word: torch gives every row that it selects a block of threads, far too many for rows this short."""
    words = _words(table)
    return words[rows.contiguous()[..., None], torch.arange(words.shape[1], device=table.device)].view(table.dtype)


def convolve(x: Image, weight: Tensor, bias: Tensor, *, stride: int, padding: int, dilation: int, groups: int) -> Image:
    """One batched product of the images' patches and the kernels; in groups, torch's own, networks side by side."""
    if groups > 1:
        parts = weight.flatten(0, 1), bias.flatten()
        y = conv2d(_side_by_side(x), *parts, stride, padding, dilation, len(x) * groups)
        return _one_by_one(y, len(x))
    geometry = weight.shape[-1], stride, dilation
    patches = cast(Tensor, _Unfold.apply(pad(x, (0, 0, *[padding] * 4)), geometry))  # pyright: ignore[reportUnknownMemberType]
    m, b, height, width = patches.shape[:4]
    kernels = weight.permute(0, 3, 4, 2, 1).flatten(1, 3)
    y = torch.baddbmm(bias[:, None], patches.view(m, b * height * width, -1), kernels)
    return y.view(m, b, height, width, -1)


def normalise(
    x: Image, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *, momentum: float, epsilon: float
) -> Image:
    """One normalisation, every network's channels side by side."""
    parts = (values.flatten() for values in (mean, variance, weight, bias))
    y = batch_norm(_side_by_side(x), *parts, training=True, momentum=momentum, eps=epsilon)
    return _one_by_one(y, len(x))


def max_pool(x: Image, size: int) -> Image:
    """By a running maximum over the places of all windows: a third of the time that torch's own takes."""
    return maximum(_Windows.apply(x, size), axis=WINDOW_AXIS)  # pyright: ignore[reportUnknownMemberType, reportArgumentType]


def _side_by_side(x: Image) -> Tensor:
    """``[batch, m · channels, h, w]``."""
    return x.permute(1, 0, 4, 2, 3).flatten(1, 2)


def _one_by_one(y: Tensor, networks: int) -> Image:
    """The inverse."""
    return y.unflatten(1, (networks, -1)).permute(1, 0, 3, 4, 2)


class _Unfold(torch.autograd.Function):
    """The patch under the kernel at every place, ``[m, batch, h, w, kernel, kernel, channels]``.

    A pixel's gradient is the sum over the patches that it lies in, taken tap by tap.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, geometry: tuple[int, int, int]) -> Tensor:
        kernel, stride, dilation = geometry
        m, b, *sides, _ = x.shape
        height, width = ((side - dilation * (kernel - 1) - 1) // stride + 1 for side in sides)
        ctx.shape, ctx.geometry = x.shape, geometry
        pixels = _words(x.contiguous())
        network, image, down, right, _ = pixels.stride()
        patches = pixels.as_strided(
            (m, b, height, width, kernel, kernel, pixels.shape[-1]),
            (network, image, down * stride, right * stride, down * dilation, right * dilation, 1),
        )
        return patches.contiguous().view(x.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (patches,) = gradients
        kernel, stride, dilation = ctx.geometry
        height, width = patches.shape[2:4]
        x = patches.new_zeros(ctx.shape)
        for row, column in product(range(kernel), repeat=2):
            rows, columns = (
                slice(dilation * tap, dilation * tap + stride * count, stride)
                for tap, count in ((row, height), (column, width))
            )
            x[:, :, rows, columns] += patches[:, :, :, :, row, column]
        return x, None


class _Windows(torch.autograd.Function):
    """``[size², m, batch, h, w, channels]``: each window's pixels by their place; what fills no window is left out."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, size: int) -> Tensor:
        ctx.shape, ctx.size = x.shape, size
        return _by_place(_words(x), size).contiguous().view(x.dtype).flatten(0, 1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        spread = gradients[0].new_zeros(ctx.shape)
        pixels = _words(gradients[0].contiguous()).unflatten(0, (ctx.size, ctx.size))
        _by_place(_words(spread), ctx.size).copy_(pixels)
        return spread, None


def _by_place(x: Tensor, size: int) -> Tensor:
    """A view ``[size, size, m, batch, h, w, channels]``."""
    height, width = (side // size for side in x.shape[2:4])
    cut = x[:, :, : height * size, : width * size]
    return cut.unflatten(3, (width, size)).unflatten(2, (height, size)).permute(3, 5, 0, 1, 2, 4, 6)


def _words(x: Tensor) -> Tensor:
    """The same memory, its last axis in the widest words that divide it: fewer to copy."""
    held = x.shape[-1] * x.itemsize
    return next((x.view(dtype) for size, dtype in WORDS.items() if held % size == 0), x)
