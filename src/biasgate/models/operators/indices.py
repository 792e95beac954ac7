"""Values by their places; importing this module imports torch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from biasgate.models.operator import Node, bounded, operator


@operator("Gather", learns=(0,))
def gather(node: Node, x: Tensor, places: Tensor) -> Tensor:
    """Slices of an axis: words of a table, for one."""
    axis = node.get("axis", 0) % x.ndim
    bounded((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))
    found = x.index_select(axis, _positive(places, x.shape[axis]).reshape(-1))
    return found.reshape((*x.shape[:axis], *places.shape, *x.shape[axis + 1 :]))


@operator("GatherElements")
def gather_elements(node: Node, x: Tensor, places: Tensor) -> Tensor:
    """Single values along an axis."""
    axis = node.get("axis", 0)
    return x.gather(axis, _positive(places, x.shape[axis]))


@operator("GatherND")
def gather_many(node: Node, x: Tensor, places: Tensor) -> Tensor:
    """Slices by places on several axes."""
    shared = node.get("batch_dims", 0)
    bounded((*places.shape[:-1], *x.shape[shared + places.shape[-1] :]))
    if shared:
        rows = [torch.arange(size).reshape([-1 if axis == own else 1 for axis in range(places.ndim - 1)])
                for own, size in enumerate(x.shape[:shared])]  # fmt: skip
        return x[(*rows, *places.unbind(-1))]
    return x[tuple(places.unbind(-1))]


@operator("ScatterND")
def scatter(node: Node, x: Tensor, places: Tensor, updates: Tensor) -> Tensor:
    """A copy with other values at places."""
    if node.get("reduction", "none") != "none":
        raise ValueError("values that are added where others are")
    return x.index_put(tuple(places.unbind(-1)), updates)


@operator("OneHot")
def one_hot(node: Node, places: Tensor, depth: Tensor, values: Tensor) -> Tensor:
    """One value at a place, another elsewhere."""
    size = int(depth.reshape(-1)[0])
    bounded((*places.shape, size))
    hot = functional.one_hot(places.long() % size, size).movedim(-1, node.get("axis", -1))
    return torch.where(hot == 1, values[1], values[0])


@operator("TopK")
def largest(node: Node, x: Tensor, count: Tensor) -> tuple[Tensor, ...]:
    """The largest or smallest values of an axis, and where they lie."""
    return tuple(x.topk(int(count.reshape(-1)[0]), dim=node.get("axis", -1), largest=bool(node.get("largest", 1))))


@operator("Trilu")
def triangle(node: Node, x: Tensor, offset: Tensor | None = None) -> Tensor:
    """The upper or the lower triangle."""
    return (torch.triu if node.get("upper", 1) else torch.tril)(x, 0 if offset is None else int(offset))


def _positive(places: Tensor, size: int) -> Tensor:
    places = places.long()
    return torch.where(places < 0, places + size, places)
