"""A maximum over a short axis whose gradient is torch's max-pooling's; importing this module imports torch."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class _Maximum(torch.autograd.Function):
    """A running maximum. The gradient goes to the first of equal values, as in torch's max-pooling.

    torch's ``amax`` shares it among equals instead, and its ``max`` keeps 64-bit indices and scatters.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, axis: int) -> Tensor:
        top, *others = x.unbind(axis)
        wins: list[Tensor] = []
        for other in others:
            wins.append(torch.gt(other, top, out=torch.empty_like(top, memory_format=torch.contiguous_format)))
            top = torch.maximum(top, other)
        ctx.save_for_backward(*wins)
        ctx.shape, ctx.axis = x.shape, axis
        return top

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:  # pyright: ignore[reportIncompatibleMethodOverride]
        (left,) = gradients
        spread = left.new_empty(ctx.shape)
        first, *others = spread.unbind(ctx.axis)
        for win, view in zip(reversed(ctx.saved_tensors), reversed(others), strict=True):
            torch.mul(left, win, out=view)
            left = left - view
        first.copy_(left)
        return spread, None


def maximum(x: Tensor, *, axis: int) -> Tensor:
    """The largest along an axis, which is left out."""
    return _Maximum.apply(x, axis)  # pyright: ignore[reportUnknownMemberType, reportReturnType]
