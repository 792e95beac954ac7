"""Neck, clothes, head, ears and beard."""

from __future__ import annotations

import numpy as np

from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.shapes import Floats, Layer, closed, controls, ellipse, mirrored, symmetric

CHIN, CROWN = 0.86, -0.84


def head_width(face: Face) -> Floats:
    """Half the width of the head at the cheekbones ``[n]``."""
    return 0.585 + 0.03 * face.swing("width") + 0.015 * face.masculine


def jaw(face: Face) -> Floats:
    """How square the jaw is, from 0 to 1; the presentations' ranges overlap ``[n]``."""
    return 0.6 * face.masculine + 0.4 * face["jaw"]


def head_layers(face: Face) -> list[Layer]:
    """The head without its features, back to front."""
    width, square, solid = head_width(face), jaw(face), np.ones(len(face))
    neck = 0.26 + 0.10 * square
    clothes = np.stack([90 + 120 * face["clothes"] * np.cos(face["clothes_hue"] * 6 + k) ** 2 for k in (0, 2, 4)], 1)
    ear = ellipse(width + 0.015, 0.0, 0.075, 0.15)
    sides = closed(
        controls((-neck, 0.5), (neck, 0.5), (neck + 0.02, 0.9), (0.5, 1.3), (-0.5, 1.3), (-neck - 0.02, 0.9))
    )
    return [
        Layer(closed(symmetric((0.0, 0.98), (0.55, 1.0), (1.05, 1.15), (1.1, 1.5), (0.0, 1.6))), clothes, solid),
        Layer(sides, 0.80 * face.skin, solid),
        *(Layer(side, 0.90 * face.skin, solid) for side in (ear, mirrored(ear))),
        Layer(_outline(width, square, chin=CHIN + 0.02 * face.age), face.skin, solid),
    ]


def beard_layers(face: Face) -> list[Layer]:
    """Stubble or a short beard around the mouth, on some masculine faces."""
    width, square = head_width(face), jaw(face)
    amount = face.masculine * np.maximum(face["beard"] - 0.35, 0)
    colour = np.minimum(0.8 * face.hair, 0.62 * face.skin)
    region = symmetric(
        (0.0, 0.33), (0.22, 0.34), (0.34, 0.42), (0.95 * width, 0.18), (0.49 + 0.06 * square, 0.48),
        (0.28 + 0.11 * square, 0.73), (0.10 + 0.10 * square, CHIN - 0.01), (0.0, CHIN),
    )  # fmt: skip
    return [Layer(closed(region), colour, 0.8 * amount)]


def _outline(width: Floats, square: Floats, *, chin: Floats) -> Floats:
    """The head from crown to chin; a square jaw is wider and its chin flatter."""
    return closed(
        symmetric(
            (0.0, CROWN), (0.37, -0.75), (0.93 * width, -0.42), (width, -0.02), (0.94 * width, 0.24),
            (0.47 + 0.08 * square, 0.50), (0.25 + 0.14 * square, 0.745), (0.08 + 0.13 * square, chin - 0.015),
            (0.0, chin),
        )
    )  # fmt: skip
