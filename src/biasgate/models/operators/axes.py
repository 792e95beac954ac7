"""Where values lie: shapes, axes, parts, joins; importing this module imports torch."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

from biasgate.models.operator import Node, bounded, operator

_SHIFT = {"reflect": "reflect", "edge": "replicate"}


@operator("Reshape")
def reshape(node: Node, x: Tensor, shape: Tensor | None = None) -> Tensor:
    """Another shape; 0 keeps an axis, -1 takes what is left."""
    wanted = node.numbers("shape", shape)
    if not node.get("allowzero", 0):
        wanted = [x.shape[axis] if size == 0 else size for axis, size in enumerate(wanted)]
    return x.reshape(wanted)


@operator("Flatten")
def flatten(node: Node, x: Tensor) -> Tensor:
    """Two axes: those before ``axis``, and the others."""
    axis = node.get("axis", 1)
    axis += x.ndim if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), -1)


@operator("Transpose")
def transpose(node: Node, x: Tensor) -> Tensor:
    """Axes in another order, reversed where none is said."""
    return x.permute(node.get("perm", list(reversed(range(x.ndim)))))


@operator("Squeeze")
def squeeze(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """Without the axes named, or all of length one."""
    named = node.axes(axes)
    return x.squeeze(tuple(named)) if named else x.squeeze()


@operator("Unsqueeze")
def unsqueeze(node: Node, x: Tensor, axes: Tensor | None = None) -> Tensor:
    """With axes of length one."""
    named = node.axes(axes)
    for axis in sorted(axis % (x.ndim + len(named)) for axis in named):
        x = x.unsqueeze(axis)
    return x


@operator("Concat")
def concatenate(node: Node, *values: Tensor) -> Tensor:
    """Joined along an axis."""
    bounded([sum(value.numel() for value in values)])
    return torch.cat(values, dim=node.get("axis"))


@operator("Split")
def split(node: Node, x: Tensor, sizes: Tensor | None = None) -> tuple[Tensor, ...]:
    """Cut along an axis, in equal parts where no sizes are said."""
    axis, parts = node.get("axis", 0), node.numbers("split", sizes)
    return x.split(parts if parts is not None else -(-x.shape[axis] // node.outputs), dim=axis)


@operator("Slice")
def cut(
    node: Node,
    x: Tensor,
    starts: Tensor | None = None,
    ends: Tensor | None = None,
    axes: Tensor | None = None,
    steps: Tensor | None = None,
) -> Tensor:
    """Parts of axes, also backwards."""
    first, last = node.numbers("starts", starts), node.numbers("ends", ends)
    strides = [1] * len(first) if steps is None else steps.tolist()
    for axis, start, end, step in zip(node.axes(axes) or range(len(first)), first, last, strides, strict=True):
        kept = range(x.shape[axis])[slice(start, None if step < 0 and end < -x.shape[axis] else end, step)]
        if step == 1:
            x = x.narrow(axis, kept.start, len(kept))
        else:
            x = x.index_select(axis, torch.tensor(list(kept), dtype=torch.int64))
    return x


@operator("Expand")
def expand(node: Node, x: Tensor, shape: Tensor) -> Tensor:  # noqa: ARG001
    """Repeated along axes of length one, as broadcasting does."""
    return x.expand(bounded(torch.broadcast_shapes(x.shape, tuple(shape.tolist()))))


@operator("Tile")
def tile(node: Node, x: Tensor, repeats: Tensor) -> Tensor:  # noqa: ARG001
    """Repeated as a whole."""
    counts = repeats.tolist()
    bounded(size * count for size, count in zip(x.shape, counts, strict=True))
    return x.repeat(counts)


@operator("Pad")
def pad(
    node: Node,
    x: Tensor,
    pads: Tensor | None = None,
    value: Tensor | None = None,
    axes: Tensor | None = None,
) -> Tensor:
    """More at the ends of axes, or less."""
    ends, mode = node.numbers("pads", pads), node.get("mode", "constant")
    named = node.axes(axes) or list(range(x.ndim))
    both = {axis % x.ndim: (ends[place], ends[place + len(named)]) for place, axis in enumerate(named)}
    bounded(size + sum(both.get(axis, (0, 0))) for axis, size in enumerate(x.shape))
    deepest = max((x.ndim - axis for axis, most in both.items() if any(most)), default=0)
    flat = [end for axis in range(x.ndim - 1, x.ndim - 1 - deepest, -1) for end in both.get(axis, (0, 0))]
    if mode in _SHIFT:
        return functional.pad(x, flat, mode=_SHIFT[mode])
    filled = node.get("value", 0.0) if value is None else value.item()
    return functional.pad(x, flat, value=filled)


@operator("DepthToSpace")
def depth_to_space(node: Node, x: Tensor) -> Tensor:
    """Channels become blocks of pixels."""
    size = node.get("blocksize")
    if node.get("mode", "DCR") == "CRD":
        return functional.pixel_shuffle(x, size)
    n, channels, height, width = x.shape
    blocks = x.reshape(n, size, size, channels // size**2, height, width)
    return blocks.permute(0, 3, 4, 1, 5, 2).reshape(n, channels // size**2, height * size, width * size)


@operator("SpaceToDepth")
def space_to_depth(node: Node, x: Tensor) -> Tensor:
    """Blocks of pixels become channels."""
    size = node.get("blocksize")
    n, channels, height, width = x.shape
    blocks = x.reshape(n, channels, height // size, size, width // size, size)
    return blocks.permute(0, 3, 5, 1, 2, 4).reshape(n, channels * size**2, height // size, width // size)


@operator("Resize", "Upsample")
def resize(node: Node, x: Tensor, *given: Tensor | None) -> Tensor:
    """Another size of an image's sides, by nearest pixels or between them."""
    scales = (given[0] if len(given) == 1 else given[1] if len(given) > 1 else None) if node.opset != 9 else given[0]
    sizes = given[2].tolist() if len(given) > 2 and given[2] is not None else None
    if sizes is None:
        factors = node.numbers("scales", scales)
        sizes = [math.floor(side * factor) for side, factor in zip(x.shape, factors, strict=True)]
    if sizes[:2] != list(x.shape[:2]) or x.ndim != 4 or node.get("mode", "nearest") == "cubic":
        raise ValueError("a change of size of something else than an image's sides, or a cubic one")
    bounded(sizes)
    placed = node.get("coordinate_transformation_mode", "half_pixel" if node.opset >= 11 else "asymmetric")
    if node.get("mode", "nearest") == "nearest":
        exact = placed != "asymmetric" and node.get("nearest_mode", "round_prefer_floor") != "floor"
        return functional.interpolate(x, size=sizes[2:], mode="nearest-exact" if exact else "nearest")
    return functional.interpolate(x, size=sizes[2:], mode="bilinear", align_corners=placed == "align_corners")
