"""Batch normalisation of many networks at once, images with channels last; importing this module imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm

from biasgate.training.convolution import Image


@dataclass(frozen=True)
class Normed:
    """The norms at one place of ``m`` networks.

    Attributes:
        weight: ``[m, channels]``.
        bias: ``[m, channels]``.
        mean: Running, ``[m, channels]``, changed in place.
        variance: Running, ``[m, channels]``, changed in place.
        module: Says momentum and epsilon.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    module: nn.BatchNorm2d


def normalise(x: Image, norm: Normed) -> Image:
    """Each network's images by their own statistics: one by one on a CPU, where that is fastest; else at once."""
    return (one_by_one if x.device.type == "cpu" else at_once)(x, norm)


def one_by_one(x: Image, norm: Normed) -> Image:
    """``normalise``, a network after the other."""
    parts = [t.unbind() for t in (x, norm.mean, norm.variance, norm.weight, norm.bias)]
    normed = [_normed(images.movedim(-1, 1), tuple(of), norm.module) for images, *of in zip(*parts, strict=True)]
    return torch.stack(normed).movedim(2, -1)


def at_once(x: Image, norm: Normed) -> Image:
    """``normalise`` with every network's channels side by side."""
    flat = tuple(t.flatten() for t in (norm.mean, norm.variance, norm.weight, norm.bias))
    y = _normed(x.permute(1, 0, 4, 2, 3).flatten(1, 2), flat, norm.module)
    return y.unflatten(1, (len(x), -1)).permute(1, 0, 3, 4, 2)


def _normed(x: Tensor, parts: tuple[Tensor, ...], module: nn.BatchNorm2d) -> Tensor:
    mean, variance, weight, bias = parts
    return batch_norm(x, mean, variance, weight, bias, True, module.momentum or 0.0, module.eps)
