"""Max-pooling over images with channels last; importing this module imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d

AXIS = 2


class _Maximum(torch.autograd.Function):
    """A running maximum over one axis. The gradient goes to the first of equal values, as torch's max-pooling does.

    torch's ``amax`` shares it among equals instead, and its ``max`` keeps 64-bit indices and scatters.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        top, *others = x.unbind(AXIS)
        wins: list[Tensor] = []
        for other in others:
            wins.append(torch.gt(other, top, out=torch.empty_like(top, memory_format=torch.contiguous_format)))
            top = torch.maximum(top, other)
        ctx.save_for_backward(*wins)
        ctx.shape = x.shape
        return top

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:  # pyright: ignore[reportIncompatibleMethodOverride]
        (left,) = gradients
        spread = left.new_empty(ctx.shape)
        first, *others = spread.unbind(AXIS)
        for win, view in zip(reversed(ctx.saved_tensors), reversed(others), strict=True):
            torch.mul(left, win, out=view)
            left = left - view
        first.copy_(left)
        return spread


def max_pool(x: Tensor, size: int) -> Tensor:
    """``[m, batch, height, width, channels]``, pooled over ``size`` by ``size`` windows with stride ``size``."""
    return max_pool2d(x.flatten(0, 1).movedim(-1, 1), size).movedim(1, -1).unflatten(0, x.shape[:2])


def maximum(x: Tensor) -> Tensor:
    """The maximum ``[m, batch, ...]`` over the third axis of ``x``."""
    return _Maximum.apply(x)  # pyright: ignore[reportUnknownMemberType, reportReturnType]
