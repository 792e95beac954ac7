"""Average heatmaps as small pictures: relevance over the subgroup's average face."""

from __future__ import annotations

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from biasgate.contracts.relevance import Method, Pictures

Floats = NDArray[np.float64]

SIDE = 128
"""Pixels of a tile."""

_HOT = np.array([(255, 255, 255), (255, 236, 160), (250, 160, 60), (205, 50, 40), (90, 0, 40)], dtype=float)
_SIDES = np.array([(20, 70, 160), (130, 180, 230), (255, 255, 255), (245, 160, 120), (165, 20, 30)], dtype=float)


def size_tiles(pictures: Pictures, method: Method, label: int, groups: list[int]) -> NDArray[np.uint8]:
    """How much relevance lies where in each subgroup, on one scale ``[groups, SIDE, SIDE, 3]``."""
    maps = pictures.size[method][label, groups]
    top = max(float(np.quantile(maps, 0.995)), 1e-12)
    return _tiles(_coloured(np.clip(maps / top, 0, 1), _HOT), pictures.faces[groups])


def lean_map(pictures: Pictures, method: Method, label: int, pair: tuple[int, int]) -> Floats:
    """Signed relevance in the first subgroup minus that in the second, at equal truth ``[height, width]``."""
    net = pictures.net[method][label]
    return net[pair[0]] - net[pair[1]]


def lean_tile(
    pictures: Pictures, method: Method, label: int, pair: tuple[int, int], *, top: float | None = None
) -> NDArray[np.uint8]:
    """Where the network leans more for the first subgroup (red) or the second (blue) ``[SIDE, SIDE, 3]``.

    The strongest colour stands for ``top``, by default the map's own largest size: where, then, and not how much.
    """
    lean = lean_map(pictures, method, label, pair)
    scale = max(top or float(np.abs(lean).max()), 1e-12)
    colours = _coloured((np.clip(lean[None] / scale, -1, 1) + 1) / 2, _SIDES)
    return _tiles(colours, pictures.faces[list(pair)].mean(axis=0)[None])[0]


def png(pixels: NDArray[np.uint8]) -> bytes:
    """A PNG file with at most 128 colours."""
    out = io.BytesIO()
    Image.fromarray(pixels).quantize(128, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def data_uri(pixels: NDArray[np.uint8]) -> str:
    """The PNG inside a page."""
    return "data:image/png;base64," + base64.b64encode(png(pixels)).decode()


def _coloured(values: Floats, scale: Floats) -> Floats:
    """Colours of values in [0, 1] ``[n, height, width, 3]``."""
    places = np.linspace(0, 1, len(scale))
    return np.stack([np.interp(values, places, scale[:, channel]) for channel in range(3)], axis=-1)


def _tiles(colours: Floats, faces: Floats) -> NDArray[np.uint8]:
    """Colour of the relevance, light and dark of the face, enlarged."""
    grey = faces.mean(axis=-1, keepdims=True) / max(float(faces.mean(axis=-1).max()), 1e-9)
    tiles = np.clip(colours * (0.45 + 0.55 * grey), 0, 255).astype(np.uint8)
    return np.stack(
        [np.asarray(Image.fromarray(tile).resize((SIDE, SIDE), Image.Resampling.BICUBIC)) for tile in tiles]
    )
