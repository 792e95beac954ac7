"""Hair: what falls behind the head, and what lies on it."""

from __future__ import annotations

import numpy as np

from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.head import head_width
from biasgate.data.faces.drawn.shapes import Floats, Layer, closed, controls, ellipse, symmetric, through

_CURLS = np.linspace(0.78 * np.pi, 2.22 * np.pi, 11)


def back_layers(face: Face) -> list[Layer]:
    """Hair behind head and neck."""
    width, dark = head_width(face), 0.72 * face.hair
    long = symmetric(
        (0.0, -0.98), (0.55, -0.8), (width + 0.16, -0.2), (width + 0.2, 0.6), (width + 0.16, 1.3), (0.0, 1.3)
    )
    bob = symmetric((0.0, -0.98), (0.55, -0.8), (width + 0.17, -0.2), (width + 0.2, 0.42), (0.42, 0.66), (0.0, 0.5))
    layers = [
        Layer(closed(long), dark, face.are("style", "long")),
        Layer(closed(bob), dark, face.are("style", "bob")),
    ]
    curly = face.are("style", "curly")
    for angle in _CURLS:
        x, y = (width + 0.05) * np.cos(angle), -0.33 + 0.58 * np.sin(angle)
        layers.append(Layer(ellipse(x, y, 0.22, 0.22), (0.78 + 0.12 * np.cos(5 * angle)) * face.hair, curly))
    return layers


def front_layers(face: Face) -> list[Layer]:
    """Hair on the head, above the forehead; it recedes a little with age in masculine presentation."""
    width, line = head_width(face), -0.56 - 0.07 * face.masculine * face.age
    style = {name: face.are("style", name) for name in ("shaved", "short", "curly", "bob", "long")}
    sheen = face.hair + 0.22 * (255 - face.hair)
    parted = controls(
        (-width - 0.02, 0.02), (-width - 0.04, -0.45), (-0.42, -0.86), (0.05, -0.97), (0.48, -0.84),
        (width + 0.05, -0.45), (width + 0.02, 0.05), (width - 0.06, -0.22), (0.36, line + 0.04), (-0.1, line - 0.1),
        (-0.40, line + 0.10), (-width + 0.06, -0.2),
    )  # fmt: skip
    strand = through(controls((0.05, -0.88), (0.32, -0.78), (0.48, -0.58)))
    return [
        Layer(_cap(width, line, height=-0.86), face.hair, 0.42 * style["shaved"]),
        Layer(_cap(width, line, height=-0.96), face.hair, style["short"]),
        Layer(_cap(width, line + 0.03, height=-0.97), 0.88 * face.hair, style["curly"]),
        Layer(_cap(width + 0.03, line + 0.10, height=-0.97, sides=0.34), face.hair, style["bob"]),
        Layer(closed(parted), face.hair, style["long"]),
        Layer(strand, sheen, 0.5 * (style["bob"] + style["long"] + style["short"]), width=0.06),
    ]


def _cap(width: Floats, line: Floats, *, height: float, sides: float = -0.12) -> Floats:
    """From the crown down to the hairline, and to the ears at the sides."""
    return closed(
        symmetric(
            (0.0, height), (0.42, height + 0.1), (width, -0.5), (width + 0.02, sides), (width - 0.05, sides - 0.1),
            (width - 0.11, -0.40), (0.30, line), (0.0, line - 0.02),
        )
    )  # fmt: skip
