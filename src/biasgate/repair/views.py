"""Random views: the small shifts, turns and scalings that leave a label alone; importing this imports torch."""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn.functional import affine_grid, grid_sample

TURN, SCALE, SHEAR, SHIFT = math.radians(15), 0.1, 0.2, 0.16
"""Largest angle, relative change of size, shear, and shift (of half the image)."""


def random_views(images: Tensor, *, generator: Generator) -> Tensor:
    """Each image under its own small affine map, black flowing in.

    A repair set is small: without views a repair learns its samples by heart.

    Args:
        images: ``[n, channels, height, width]``.
        generator: Draws the maps, uniformly.
    """
    draws = torch.rand(len(images), 5, generator=generator) * 2 - 1
    angle, scale, shear = draws[:, 0] * TURN, 1 + draws[:, 1] * SCALE, draws[:, 2] * SHEAR
    sine, cosine = scale * angle.sin(), scale * angle.cos()
    linear = torch.stack([cosine, shear - sine, sine, cosine], dim=1).view(-1, 2, 2)
    maps = torch.cat([linear, draws[:, 3:, None] * SHIFT], dim=2)
    return grid_sample(images, affine_grid(maps, list(images.shape), align_corners=False), align_corners=False)
