"""Numbers rounded to eight bits and back; importing this module imports torch."""

from __future__ import annotations

import torch
from torch import Tensor

from biasgate.models.operator import Node, operator


@operator("QuantizeLinear")
def quantise(node: Node, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    """round(x / scale) + zero within eight bits, kept as floats: the gradient passes as if nothing were rounded."""
    zero = torch.zeros((), dtype=torch.uint8) if zero is None else zero
    limits = torch.iinfo(zero.dtype)
    scale, shift = (_along(value, x, node) for value in (scale, zero.float()))
    exact = x / scale + shift
    rounded = (torch.round(x / scale) + shift).clamp(limits.min, limits.max)
    return exact.clamp(limits.min, limits.max) + (rounded - exact.clamp(limits.min, limits.max)).detach()


@operator("DequantizeLinear")
def restore(node: Node, x: Tensor, scale: Tensor, zero: Tensor | None = None) -> Tensor:
    """(x − zero) · scale."""
    shift = 0.0 if zero is None else _along(zero.float(), x, node)
    return (x.float() - shift) * _along(scale, x, node)


def _along(value: Tensor, x: Tensor, node: Node) -> Tensor:
    """Numbers of an axis, broadcast over the others."""
    if value.ndim == 0 or value.numel() == 1:
        return value.reshape(())
    axis = node.get("axis", 1) % x.ndim
    return value.reshape([-1 if place == axis else 1 for place in range(x.ndim)])
