"""Nose and mouth, and what Action Units 12, 15 and 25 do to them."""

from __future__ import annotations

import numpy as np

from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.shapes import (
    Floats,
    Layer,
    both_sides,
    clipped,
    closed,
    controls,
    ellipse,
    mirrored,
    symmetric,
    through,
)

LEVEL = 0.475
"""Height of the mouth."""


def nose_layers(face: Face) -> list[Layer]:
    """Bridge, tip and nostrils."""
    width, solid = 0.105 + 0.018 * face.swing("nose") + 0.012 * face.masculine, np.ones(len(face))
    ridge = closed(symmetric((0.0, -0.14), (0.03, 0.0), (0.045, 0.16), (0.0, 0.21)))
    side = through(controls((0.075, -0.12), (0.055, 0.04), (width - 0.01, 0.17), (width + 0.01, 0.225), (0.06, 0.265)))
    tip = through(controls((-0.07, 0.255), (0.0, 0.285), (0.07, 0.255)))
    return [
        Layer(ridge, face.highlight, 0.40 * solid),
        *(Layer(line, face.shadow, 0.55 * solid, width=0.028) for line in (side, mirrored(side))),
        Layer(tip, face.shadow, 0.8 * solid, width=0.030),
        *(Layer(ellipse(x, 0.245, 0.028, 0.018, corners=8), 0.5 * face.shadow, 0.9 * solid) for x in (0.052, -0.052)),
    ]


def fold_layers(face: Face) -> list[Layer]:
    """The fold from nose to mouth (AU12, age), and the one from the mouth's corner to the chin (AU15, age)."""
    half, corner = half_width(face), corner_height(face)
    smile, frown = face["AU12"], face["AU15"]
    nasal = through(controls((0.135, 0.19), (0.235, 0.27), (half + 0.075, corner - 0.03), (half + 0.07, corner + 0.06)))
    sag = through(controls((half + 0.015, corner + 0.02), (half + 0.05, corner + 0.085), (half + 0.03, corner + 0.17)))
    apple = ellipse(half + 0.13, 0.21, 0.10, 0.075)
    boss = through(controls((-0.13, 0.69), (-0.06, 0.645), (0.06, 0.645), (0.13, 0.69)))
    return [
        *both_sides(Layer(apple, face.highlight, 0.25 * smile)),
        *_fold(face, nasal, np.maximum(0.95 * smile, 0.6 * face.age), width=0.034),
        *_fold(face, sag, np.maximum(frown, 0.35 * face.age), width=0.040),
        Layer(boss, face.shadow, 0.75 * frown, width=0.034),
    ]


def mouth_layers(face: Face) -> list[Layer]:
    """Lips, and between them, when AU25 parts them, the dark of the mouth and the teeth."""
    solid, open_ = np.ones(len(face)), np.minimum(4 * face["AU25"], 1)
    seam, floor = _opening(face)
    bow, pout = _edges(face, seam, floor)
    inside, chin = _between(seam, floor), pout[:, 2, 1] + 0.045
    teeth = clipped(inside, bottom=seam[:, 2, 1] + 0.0675 * face["AU25"])
    dimple = ellipse(half_width(face), corner_height(face), 0.022, 0.018, corners=8)
    return [
        Layer(through(symmetric((0.12, chin), (0.0, chin + 0.015))), face.shadow, 0.45 * solid, width=0.035),
        Layer(_between(bow, seam), 0.90 * face.lip, solid),
        Layer(_between(floor, pout), np.minimum(1.08 * face.lip, 255), solid),
        Layer(inside, np.broadcast_to((48.0, 16.0, 20.0), face.skin.shape), open_),
        Layer(teeth, np.full_like(face.skin, 238), open_ * (0.55 + 0.4 * face["AU12"])),
        Layer(through(seam), 0.45 * face.lip, 0.95 * (1 - 0.8 * open_), width=0.028),
        *both_sides(Layer(dimple, 0.6 * face.shadow, 0.5 + 0.4 * face["AU12"])),
    ]


def _opening(face: Face) -> tuple[Floats, Floats]:
    """Controls of the upper lip's lower edge and the lower lip's upper edge; they meet when the mouth is closed."""
    half, corner, gap = half_width(face), corner_height(face), 0.15 * face["AU25"]
    level = LEVEL + 0.012 * face["AU12"] - 0.018 * face["AU15"]
    bend = level - 0.042 * face["AU12"] + 0.006 * face["AU15"]
    return (
        symmetric((half, corner), (0.62 * half, bend - 0.28 * gap), (0.0, level - 0.35 * gap)),
        symmetric((half, corner), (0.62 * half, bend + 0.55 * gap), (0.0, level + 0.65 * gap)),
    )


def _edges(face: Face, seam: Floats, floor: Floats) -> tuple[Floats, Floats]:
    """Controls of the upper lip's upper edge, with its bow, and the lower lip's lower edge."""
    full = 0.05 + 0.014 * face.swing("lips") - 0.010 * face.masculine - 0.010 * face.age
    (half, corner), (near, above), (_, upper) = (seam[:, point].T for point in range(3))
    below, lower = floor[:, 1, 1], floor[:, 2, 1]
    return (
        symmetric(
            (half, corner - 0.008), (near, above - 0.75 * full), (0.055, upper - 1.05 * full), (0.0, upper - 0.8 * full)
        ),
        symmetric((half, corner + 0.006), (near, below + 1.05 * full), (0.0, lower + 1.5 * full)),
    )


def half_width(face: Face) -> Floats:
    """From the middle of the mouth to its corner; AU12 pulls it outwards ``[n]``."""
    return (0.205 + 0.015 * face.swing("mouth")) * (1 + 0.32 * face["AU12"] + 0.04 * face["AU15"])


def corner_height(face: Face) -> Floats:
    """Height of the mouth's corners: AU12 pulls them up, AU15 down ``[n]``."""
    return LEVEL - 0.105 * face["AU12"] + 0.105 * face["AU15"]


def _between(top: Floats, bottom: Floats) -> Floats:
    """The area between two curves that run the same way."""
    return np.concatenate([through(top), through(bottom)[:, ::-1]], axis=1)


def _fold(face: Face, line: Floats, opacity: Floats, *, width: float) -> list[Layer]:
    """A dark fold and the light on its outer edge, which is what shows on dark skin, on both sides."""
    edge = line + np.array((0.034, 0.0))
    return [
        *both_sides(Layer(edge, face.highlight, (0.1 + 0.75 * face.darkness) * opacity, width)),
        *both_sides(Layer(line, face.shadow, opacity, width)),
    ]
