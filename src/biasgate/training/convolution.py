"""Convolutions of many networks at once, images with channels last; importing this module imports torch."""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad

Image = Tensor
"""``[m, batch, height, width, channels]``: channels last, which pooling and convolutions on CPUs like best."""


def convolve(x: Image, weight: Tensor, bias: Tensor, module: nn.Conv2d) -> Image:
    """Each network's convolution of its own images: one by one on a CPU, where its kernels are fastest; else at once.

    Args:
        x: What the layer sees.
        weight: ``[m, out, in, kernel, kernel]``.
        bias: ``[m, out]``.
        module: Says stride, padding and dilation.
    """
    return (one_by_one if x.device.type == "cpu" else by_products)(x, weight, bias, module)


def one_by_one(x: Image, weight: Tensor, bias: Tensor, module: nn.Conv2d) -> Image:
    """``convolve`` by a convolution a network."""
    padding = cast(tuple[int, ...], module.padding)
    images = [
        conv2d(part.movedim(-1, 1), w, b, module.stride, padding, module.dilation)
        for part, w, b in zip(x.unbind(), weight.unbind(), bias.unbind(), strict=True)
    ]
    return torch.stack([image.movedim(1, -1) for image in images])


def by_products(x: Image, weight: Tensor, bias: Tensor, module: nn.Conv2d) -> Image:
    """``convolve`` by one batched product of the images' patches and the kernels."""
    border = cast(tuple[int, ...], module.padding)[0]
    patches = _Unfold.apply(pad(x, (0, 0, *[border] * 4)), module)  # pyright: ignore[reportUnknownMemberType]
    m, b, height, width = cast(Tensor, patches).shape[:4]
    kernels = weight.permute(0, 3, 4, 2, 1).flatten(1, 3)
    y = torch.baddbmm(bias[:, None], cast(Tensor, patches).reshape(m, b * height * width, -1), kernels)
    return y.view(m, b, height, width, -1)


class _Unfold(torch.autograd.Function):
    """The patch under the kernel at every place, ``[m, batch, h, w, kernel, kernel, channels]``.

    A pixel's gradient is the sum over the patches that it lies in, taken tap by tap.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, module: nn.Conv2d) -> Tensor:
        kernel, stride, dilation = module.kernel_size[0], module.stride[0], module.dilation[0]
        m, b, *sides, channels = x.shape
        height, width = ((side - dilation * (kernel - 1) - 1) // stride + 1 for side in sides)
        over, image, down, right, channel = x.stride()
        ctx.shape, ctx.geometry = x.shape, (kernel, stride, dilation)
        return x.as_strided(
            (m, b, height, width, kernel, kernel, channels),
            (over, image, down * stride, right * stride, down * dilation, right * dilation, channel),
        ).contiguous()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (patches,) = gradients
        kernel, stride, dilation = ctx.geometry
        height, width = patches.shape[2:4]
        x = patches.new_zeros(ctx.shape)
        for row, column in product(range(kernel), repeat=2):
            top, left = row * dilation, column * dilation
            x[:, :, top : top + stride * height : stride, left : left + stride * width : stride] += patches[
                :, :, :, :, row, column
            ]
        return x, None
