"""From layers to pixels, with the Anti-Grain Geometry library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biasgate.data.synthetic_faces.shapes import Floats, Layer

_FAINTEST = 5
"""Opacity, of 255, below which nothing is painted."""


def paint(layers: Sequence[Layer], walls: Floats, *, size: int) -> NDArray[np.uint8]:
    """Paints each image's visible layers over its wall, first layer first.

    Args:
        layers: Points and widths in pixels.
        walls: RGB of what is behind ``[n, 3]``.
        size: Height and width in pixels.

    Returns:
        ``[n, size, size, 3]``, anti-aliased.
    """
    import aggdraw

    canvases = [aggdraw.Draw("RGB", (size, size), colour) for colour in _colours(walls)]
    for layer in layers:
        opacity = np.clip(255 * layer.opacity, 0, 255).astype(int)
        rows = np.flatnonzero(opacity >= _FAINTEST)
        if not len(rows):
            continue
        shown = [canvases[row] for row in rows]
        points = layer.points[rows].reshape(len(rows), -1).tolist()
        colours, opacities = _colours(layer.colour[rows]), opacity[rows].tolist()
        if layer.width is None:
            for canvas, corners, colour, opaque in zip(shown, points, colours, opacities, strict=True):
                canvas.polygon(corners, aggdraw.Brush(colour, opaque))
        else:
            widths = np.asarray(layer.width)[rows].tolist()
            for canvas, corners, colour, opaque, width in zip(shown, points, colours, opacities, widths, strict=True):
                canvas.line(corners, aggdraw.Pen(colour, width, opaque))
    pixels = np.frombuffer(b"".join(canvas.tobytes() for canvas in canvases), dtype=np.uint8)
    return pixels.reshape(-1, size, size, 3)


def _colours(colours: Floats) -> list[tuple[int, int, int]]:
    """RGB as the library takes it."""
    return [(red, green, blue) for red, green, blue in np.clip(colours, 0, 255).astype(int).tolist()]
