"""What slides over an image: convolutions and pools; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import torch
from torch import Tensor
from torch.nn import functional

from biasgate.models.operator import Node, bounded, operator

_CONV = {1: functional.conv1d, 2: functional.conv2d, 3: functional.conv3d}
_TRANSPOSED = {1: functional.conv_transpose1d, 2: functional.conv_transpose2d, 3: functional.conv_transpose3d}
_MAX = {1: functional.max_pool1d, 2: functional.max_pool2d, 3: functional.max_pool3d}
_MEAN = {1: functional.avg_pool1d, 2: functional.avg_pool2d, 3: functional.avg_pool3d}


@operator("Conv", learns=(1, 2))
def convolve(node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A convolution over one to three axes."""
    sides = x.ndim - 2
    strides, dilations = node.get("strides", [1] * sides), node.get("dilations", [1] * sides)
    padding = _padding(node, x.shape[2:], weight.shape[2:], strides, dilations)
    bounded((len(x), len(weight), *(side + sum(ends) for side, ends in zip(x.shape[2:], padding, strict=True))))
    x, even = _padded(x, padding, value=0.0)
    return _CONV[sides](x, weight, bias, strides, even, dilations, node.get("group", 1))


@operator("ConvTranspose", learns=(1, 2))
def convolve_back(node: Node, x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """The transposed convolution, without padding by name."""
    sides = x.ndim - 2
    if node.get("auto_pad", "NOTSET") != "NOTSET" or "output_shape" in node.attributes:
        raise ValueError("a transposed convolution that is padded by name or size")
    strides, dilations = node.get("strides", [1] * sides), node.get("dilations", [1] * sides)
    pads, extra = node.get("pads", [0] * 2 * sides), node.get("output_padding", [0] * sides)
    sizes = (a * b + c for a, b, c in zip(x.shape[2:], strides, weight.shape[2:], strict=True))
    bounded((x.shape[0], weight.shape[1] * node.get("group", 1), *sizes))
    found = _TRANSPOSED[sides](x, weight, bias, strides, 0, extra, node.get("group", 1), dilations)
    for axis, (first, last) in enumerate(zip(pads[:sides], pads[sides:], strict=True), start=2):
        found = found.narrow(axis, first, found.shape[axis] - first - last)
    return found


@operator("MaxPool")
def largest(node: Node, x: Tensor) -> Tensor:
    """The largest value of each window."""
    if node.outputs > 1:
        raise ValueError("a pool that also gives where its values lie")
    sides, size, strides = x.ndim - 2, node.get("kernel_shape"), _strides(node, x)
    dilations = node.get("dilations", [1] * sides)
    x, even = _padded(x, _padding(node, x.shape[2:], size, strides, dilations), value=float("-inf"), within=size)
    return _MAX[sides](x, size, strides, even, dilations, bool(node.get("ceil_mode", 0)))


@operator("AveragePool")
def mean(node: Node, x: Tensor) -> Tensor:
    """The mean of each window; padding counts where the node says so."""
    sides, size, strides = x.ndim - 2, node.get("kernel_shape"), _strides(node, x)
    if any(step != 1 for step in node.get("dilations", [1] * sides)):
        raise ValueError("a mean over a window with gaps")
    padding = _padding(node, x.shape[2:], size, strides, [1] * sides)
    ceil, counted = bool(node.get("ceil_mode", 0)), bool(node.get("count_include_pad", 0))
    if all(first == last for first, last in padding):
        even = [first for first, _ in padding]
        return _MEAN[sides](x, size, strides, even, ceil, counted)
    filled, none = _padded(x, padding, value=0.0, even=False)
    present, _ = _padded(torch.ones_like(x), padding, value=float(counted), even=False)
    return _MEAN[sides](filled, size, strides, none, ceil) / _MEAN[sides](present, size, strides, none, ceil)


@operator("GlobalAveragePool")
def mean_of_all(node: Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """The mean over all but the first two axes."""
    return x.mean(dim=tuple(range(2, x.ndim)), keepdim=True)


@operator("GlobalMaxPool")
def largest_of_all(node: Node, x: Tensor) -> Tensor:  # noqa: ARG001
    """The largest value over all but the first two axes."""
    return x.amax(dim=tuple(range(2, x.ndim)), keepdim=True)


def _strides(node: Node, x: Tensor) -> list[int]:
    return node.get("strides", [1] * (x.ndim - 2))


def _padding(
    node: Node, sides: Sequence[int], kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[tuple[int, int]]:
    """What is put before and after each axis."""
    named = node.get("auto_pad", "NOTSET")
    if named == "VALID":
        return [(0, 0)] * len(sides)
    if named == "NOTSET":
        pads = node.get("pads", [0] * 2 * len(sides))
        return list(zip(pads[: len(sides)], pads[len(sides) :], strict=True))
    found: list[tuple[int, int]] = []
    for side, size, stride, dilation in zip(sides, kernel, strides, dilations, strict=True):
        missing = max(0, (-(-side // stride) - 1) * stride + (size - 1) * dilation + 1 - side)
        less, more = missing // 2, missing - missing // 2
        found.append((less, more) if named == "SAME_UPPER" else (more, less))
    return found


def _padded(
    x: Tensor, padding: list[tuple[int, int]], *, value: float, within: Sequence[int] | None = None, even: bool = True
) -> tuple[Tensor, list[int]]:
    """The tensor padded, and the padding that is left to the function that follows, where both ends have the same."""
    if even and all(
        first == last and (within is None or 2 * first <= within[axis]) for axis, (first, last) in enumerate(padding)
    ):
        return x, [first for first, _ in padding]
    bounded((*x.shape[:2], *(side + sum(ends) for side, ends in zip(x.shape[2:], padding, strict=True))))
    return functional.pad(x, [*chain(*reversed(padding))], value=value), [0] * len(padding)
