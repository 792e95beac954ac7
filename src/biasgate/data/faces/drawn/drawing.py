"""From traits to images."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.faces.drawn.camera import develop
from biasgate.data.faces.drawn.eyes import brow_layers, cheek_layers, eye_layers, glasses_layers
from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.hair import back_layers, front_layers
from biasgate.data.faces.drawn.head import beard_layers, head_layers
from biasgate.data.faces.drawn.mouth import fold_layers, mouth_layers, nose_layers
from biasgate.data.faces.drawn.painting import paint
from biasgate.data.faces.drawn.pose import Pose, turned

_BATCH, _PART = 256, 32
"""Faces whose shapes are computed at once, and whose pixels are: these should stay in the processor's cache."""


def draw_faces(traits: pd.DataFrame, *, size: int = 64) -> NDArray[np.uint8]:
    """Synthetic faces, one for each row of traits; a row's image does not depend on the other rows.

    Args:
        traits: As ``traits.sample_traits`` gives them.
        size: Height and width in pixels; 32 and 64 are what the drawing is made for.

    Returns:
        RGB ``[n, size, size, 3]``.
    """
    images = np.empty((len(traits), size, size, 3), dtype=np.uint8)
    for start in range(0, len(traits), _BATCH):
        images[start : start + _BATCH] = _draw(Face.of(traits.iloc[start : start + _BATCH]), size=size)
    return images


def _draw(face: Face, *, size: int) -> NDArray[np.uint8]:
    """One batch."""
    features = [
        *beard_layers(face), *cheek_layers(face), *fold_layers(face), *nose_layers(face), *mouth_layers(face),
        *eye_layers(face), *brow_layers(face),
    ]  # fmt: skip
    layers = [
        *back_layers(face), *head_layers(face), *turned(features, face), *front_layers(face),
        *turned(glasses_layers(face), face),
    ]  # fmt: skip
    pose = Pose.of(face)
    walls = 60 + 150 * face["wall"][:, None] * np.cos(face["wall_hue"][:, None] * 6 + (0, 2, 4)) ** 2
    painted = paint(pose.in_pixels(layers, size=size), walls, size=size)
    parts = (slice(start, start + _PART) for start in range(0, len(painted), _PART))
    return np.concatenate([develop(painted[part], face.of_rows(part), pose.of_rows(part)) for part in parts])
