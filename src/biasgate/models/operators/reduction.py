"""What takes axes away: sums, means, extremes; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from biasgate.models.operator import Node, operator

Reduction = Callable[[Tensor, list[int], bool], Tensor]
_REDUCTIONS: dict[str, Reduction] = {
    "ReduceL1": lambda x, axes, keep: x.abs().sum(axes, keepdim=keep),
    "ReduceL2": lambda x, axes, keep: x.square().sum(axes, keepdim=keep).sqrt(),
    "ReduceLogSum": lambda x, axes, keep: x.sum(axes, keepdim=keep).log(),
    "ReduceLogSumExp": lambda x, axes, keep: x.logsumexp(axes, keepdim=keep),
    "ReduceMax": lambda x, axes, keep: x.amax(axes, keepdim=keep),
    "ReduceMean": lambda x, axes, keep: x.mean(axes, keepdim=keep),
    "ReduceMin": lambda x, axes, keep: x.amin(axes, keepdim=keep),
    "ReduceSum": lambda x, axes, keep: x.sum(axes, keepdim=keep),
    "ReduceSumSquare": lambda x, axes, keep: x.square().sum(axes, keepdim=keep),
}


@operator(*_REDUCTIONS)
def reduced(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Over the axes named, or all."""
    named = node.axes(axes)
    if not named and node.get("noop_with_empty_axes", 0):
        return x
    return _REDUCTIONS[node.kind](x, named or list(range(x.ndim)), bool(node.get("keepdims", 1)))


@operator("ReduceProd")
def product(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """The product over the axes named, or all."""
    keep = bool(node.get("keepdims", 1))
    for axis in sorted((axis % x.ndim for axis in node.axes(axes) or range(x.ndim)), reverse=True):
        x = x.prod(dim=axis, keepdim=keep)
    return x


@operator("ArgMax", "ArgMin")
def place(node: Node, x: Tensor) -> Tensor:
    """Where the extreme lies, the first of equals."""
    if node.get("select_last_index", 0):
        raise ValueError("the last of equal values is asked for")
    function = torch.argmax if node.kind == "ArgMax" else torch.argmin
    return function(x, dim=node.get("axis", 0), keepdim=bool(node.get("keepdims", 1)))


@operator("CumSum")
def running_sum(node: Node, x: Tensor, axis: Tensor) -> Tensor:
    """The sum so far along an axis."""
    if node.get("exclusive", 0) or node.get("reverse", 0):
        raise ValueError("a running sum that is exclusive or reversed")
    return x.cumsum(dim=int(axis))
