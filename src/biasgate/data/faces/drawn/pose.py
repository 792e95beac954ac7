"""Pose: a slight turn of the head, then rotation, scale and shift in the image."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.shapes import Floats, Layer, apart, together

ZOOM = 0.97
"""Scale of a face that is neither near nor far: face coordinates to image coordinates."""

_TURN, _NOD, _ROLL, _SHIFT, _NEARER = 0.07, 0.035, np.radians(9), 0.07, 0.07


def turned(layers: list[Layer], face: Face) -> list[Layer]:
    """Features moved as by a turn or nod of the head: most in the middle, not at all at its edge."""
    way = _TURN * face.swing("yaw") + _NOD * face.swing("pitch") * 1j
    points = together(layers)
    near = np.maximum(1 - (points.real / 0.62) ** 2, 0)
    points += way[:, None] * near
    return apart(layers, points)


@dataclass(frozen=True, eq=False)
class Pose:
    """Where faces lie in their images.

    Attributes:
        matrix: Rotation and scale, from face coordinates to image coordinates from -1 to 1 ``[n, 2, 2]``.
        shift: In image coordinates ``[n, 1, 2]``.
    """

    matrix: Floats
    shift: Floats

    @staticmethod
    def of(face: Face) -> Pose:
        """The pose that the traits say."""
        roll, zoom = _ROLL * face.swing("roll"), ZOOM * (1 + _NEARER * face.swing("zoom"))
        cos, sin = zoom * np.cos(roll), zoom * np.sin(roll)
        matrix = np.stack([np.stack([cos, -sin], axis=1), np.stack([sin, cos], axis=1)], axis=1)
        return Pose(matrix, _SHIFT * np.stack([face.swing("across"), face.swing("down")], axis=1)[:, None])

    def in_pixels(self, layers: list[Layer], *, size: int) -> list[Layer]:
        """Layers in pixels."""
        points = together(layers)
        points *= (self.matrix[:, 0, 0] + 1j * self.matrix[:, 1, 0])[:, None]
        points += (self.shift @ (1, 1j)) + (1 + 1j)
        points *= size / 2
        scale = np.sqrt(np.linalg.det(self.matrix)) * size / 2
        return [
            layer if layer.width is None else replace(layer, width=np.maximum(layer.width * scale, 0.7))
            for layer in apart(layers, points)
        ]

    def of_rows(self, rows: slice) -> Pose:
        """The pose of some of the faces."""
        return Pose(self.matrix[rows], self.shift[rows])

    def face_coordinates(self, *, size: int) -> tuple[Floats, Floats]:
        """Face coordinates x and y of each pixel ``[n, size, size]``."""
        line = ((np.arange(size) + 0.5) * (2 / size) - 1).astype(np.float32)
        inverse = np.linalg.inv(self.matrix).astype(np.float32)
        x, y = line - self.shift[..., 0].astype(np.float32), line - self.shift[..., 1].astype(np.float32)
        x, y = x[:, None, :], y[:, :, None]
        a, b, c, d = (inverse[:, i, j, None, None] for i in (0, 1) for j in (0, 1))
        return a * x + b * y, c * x + d * y
