"""From layers to pixels, with the Anti-Grain Geometry library."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from biasgate.data.faces.drawn.shapes import Floats, Layer
from biasgate.extras import needs

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

    Raises:
        MissingExtraError: ``aggdraw`` is not installed.
    """
    needs("aggdraw")
    import aggdraw

    canvases = [aggdraw.Draw("RGB", (size, size), colour) for colour in _colours(walls)]
    fills, strokes = [canvas.polygon for canvas in canvases], [canvas.line for canvas in canvases]
    for layer in layers:
        opacity = np.clip(255 * layer.opacity, 0, 255).astype(int)
        rows = np.flatnonzero(opacity >= _FAINTEST)
        points = layer.points[rows].reshape(len(rows), 2 * layer.points.shape[1]).tolist()
        colours, opacities = _colours(layer.colour[rows]), opacity[rows].tolist()
        if layer.width is None:
            draws, tools = fills, map(aggdraw.Brush, colours, opacities)
        else:
            widths = np.asarray(layer.width)[rows].tolist()
            draws, tools = strokes, map(aggdraw.Pen, colours, widths, opacities)
        for row, corners, tool in zip(rows.tolist(), points, tools, strict=True):
            draws[row](corners, tool)
    pixels = np.frombuffer(b"".join(canvas.tobytes() for canvas in canvases), dtype=np.uint8)
    return pixels.reshape(-1, size, size, 3)


def _colours(colours: Floats) -> list[tuple[int, int, int]]:
    """RGB as the library takes it."""
    return [(red, green, blue) for red, green, blue in np.clip(colours, 0, 255).astype(int).tolist()]
