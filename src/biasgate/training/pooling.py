"""Max-pooling over images with channels last; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

Views: TypeAlias = Callable[[Tensor], Sequence[Tensor]]


class _Maximum(torch.autograd.Function):
    """A running maximum over views of one tensor. The gradient goes to the first of equal values, as torch's does.

    torch's own keeps 64-bit indices and scatters; whole-tensor comparisons kept as numbers take a third of its time.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, views: Views) -> Tensor:
        top, *others = views(x)
        wins: list[Tensor] = []
        for other in others:
            wins.append(torch.gt(other, top, out=torch.empty_like(top, memory_format=torch.contiguous_format)))
            top = torch.maximum(top, other)
        ctx.save_for_backward(*wins)
        ctx.views, ctx.shape = views, x.shape
        return top

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (left,) = gradients
        spread = left.new_zeros(ctx.shape)
        first, *others = ctx.views(spread)
        for win, view in zip(reversed(ctx.saved_tensors), reversed(others), strict=True):
            torch.mul(left, win, out=view)
            left = left - view
        first.copy_(left)
        return spread, None


def max_pool(x: Tensor, size: int) -> Tensor:
    """``[..., height, width, channels]``, pooled over ``size`` by ``size`` windows with stride ``size``."""
    return maximum(x, partial(_places, size=size))


def maximum(x: Tensor, views: Views) -> Tensor:
    """The elementwise maximum of some views of ``x`` that do not overlap."""
    return _Maximum.apply(x, views)  # pyright: ignore[reportUnknownMemberType, reportReturnType]


def _places(x: Tensor, *, size: int) -> Sequence[Tensor]:
    """One view a place in the window, each with a value a window."""
    height, width = (side - side % size for side in x.shape[-3:-1])
    return [x[..., i:height:size, j:width:size, :] for i in range(size) for j in range(size)]
