"""Smooth shapes for many faces at once, in face coordinates: x to the right, y down, the frame from -1 to 1."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.floating]
Scalar: TypeAlias = float | Floats
"""One number for all faces, or one a face ``[n]``."""

STEPS = 4


@dataclass(frozen=True, eq=False)
class Layer:
    """One thing to paint on every face.

    Attributes:
        points: Corners of a polygon, or of a line ``[n, k, 2]``.
        colour: RGB in 0 to 255 ``[n, 3]``.
        opacity: From 0 (not painted) to 1 ``[n]``.
        width: Of a line; ``None`` fills the polygon.
    """

    points: Floats
    colour: Floats
    opacity: Floats
    width: Scalar | None = None


def controls(*points: tuple[Scalar, Scalar]) -> Floats:
    """Control points ``[n, m, 2]`` from coordinates that may be one number for all faces."""
    flat = np.broadcast_arrays(*(np.atleast_1d(value) for point in points for value in point))
    return np.stack(flat, axis=-1).reshape(len(flat[0]), len(points), 2)


def symmetric(*points: tuple[Scalar, Scalar]) -> Floats:
    """Controls of a symmetric shape from those of its right half; a first or last one on the axis is not doubled."""
    right = controls(*points)
    start, stop = int(_on_axis(points[-1])), len(points) - int(_on_axis(points[0]))
    return np.concatenate([right, mirrored(right)[:, ::-1][:, start:stop]], axis=1)


def mirrored(points: Floats) -> Floats:
    """The same on the other side of the face."""
    return points * (-1, 1)


def both_sides(*layers: Layer) -> list[Layer]:
    """Each layer, given on the right side, there and on the left."""
    return [copy for layer in layers for copy in (layer, replace(layer, points=mirrored(layer.points)))]


def together(layers: Sequence[Layer]) -> NDArray[np.complex128]:
    """A copy of all layers' points, one after the other, as x + iy ``[n, sum of k]``."""
    n, ends = max(len(layer.points) for layer in layers), _ends(layers)
    points = np.empty((n, ends[-1], 2))
    for layer, part in zip(layers, np.split(points, ends[:-1], axis=1), strict=True):
        part[...] = layer.points
    return points.view(complex)[..., 0]


def apart(layers: Sequence[Layer], points: NDArray[np.complex128]) -> list[Layer]:
    """The layers with new points, given as ``together`` gives them."""
    parts = np.split(points[..., None].view(float), _ends(layers)[:-1], axis=1)
    return [replace(layer, points=part) for layer, part in zip(layers, parts, strict=True)]


def _ends(layers: Sequence[Layer]) -> NDArray[np.int64]:
    return np.cumsum([layer.points.shape[1] for layer in layers])


def closed(points: Floats) -> Floats:
    """A smooth closed curve through control points."""
    return _basis(points.shape[1], loop=True) @ points


def through(points: Floats) -> Floats:
    """A smooth open curve through control points."""
    return _basis(points.shape[1], loop=False) @ points


def ellipse(x: Scalar, y: Scalar, rx: Scalar, ry: Scalar, *, corners: int = 14) -> Floats:
    """An upright ellipse."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    x, y, rx, ry = (np.atleast_1d(value)[:, None] for value in (x, y, rx, ry))
    horizontal, vertical = np.broadcast_arrays(x + rx * np.cos(angles), y + ry * np.sin(angles))
    return np.stack([horizontal, vertical], axis=-1)


def clipped(points: Floats, *, top: Scalar = -np.inf, bottom: Scalar = np.inf) -> Floats:
    """A shape with what is above ``top`` or below ``bottom`` pressed flat."""
    top, bottom = (np.atleast_1d(edge)[:, None] for edge in (top, bottom))
    x, y = np.broadcast_arrays(points[..., 0], np.clip(points[..., 1], top, bottom))
    return np.stack([x, y], axis=-1)


def _on_axis(point: tuple[Scalar, Scalar]) -> bool:
    return not np.any(point[0])


@cache
def _basis(count: int, *, loop: bool) -> Floats:
    """Weights ``[k, count]`` of control points in a uniform Catmull-Rom spline (Catmull and Rom 1974)."""
    t = np.arange(STEPS) / STEPS
    weights = np.stack([-(t**3) + 2 * t**2 - t, 3 * t**3 - 5 * t**2 + 2, -3 * t**3 + 4 * t**2 + t, t**3 - t**2], axis=1)
    segments = count if loop else count - 1
    basis = np.zeros((segments * STEPS + (not loop), count))
    for segment in range(segments):
        for offset in range(4):
            index = segment + offset - 1
            index = index % count if loop else min(max(index, 0), count - 1)
            basis[segment * STEPS : (segment + 1) * STEPS, index] += weights[:, offset] / 2
    if not loop:
        basis[-1, -1] = 1
    return basis
