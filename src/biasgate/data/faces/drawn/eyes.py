"""Eyes, brows, and what Action Units 1, 4 and 6 do to them; glasses."""

from __future__ import annotations

import numpy as np

from biasgate.data.faces.drawn.face import Face
from biasgate.data.faces.drawn.head import head_width
from biasgate.data.faces.drawn.shapes import Floats, Layer, both_sides, clipped, closed, controls, ellipse, through

LEVEL = -0.10
"""Height of the eyes."""

_FRAMES = np.array([(24, 24, 30), (112, 66, 30), (176, 140, 60), (150, 30, 40)], dtype=float)
_BROWN, _LIGHT = np.array((62, 40, 26)), np.array((86, 120, 140))


def eye_distance(face: Face) -> Floats:
    """From the middle of the face to the middle of an eye ``[n]``."""
    return 0.275 + 0.02 * face.swing("gap")


def eye_layers(face: Face) -> list[Layer]:
    """Both eyes: lids, iris, lashes. AU6 pushes the lower lid up, AU4 presses the upper one down a little."""
    x, solid = eye_distance(face), np.ones(len(face))
    half = 0.125 + 0.008 * face.swing("eyes")
    size = 0.072 + 0.010 * face.swing("eyes") - 0.014 * face.masculine
    upper, lower = size * (1 - 0.18 * face["AU4"] - 0.12 * face["AU6"]), size * (0.85 - 1.0 * face["AU6"])
    edges = (-half, 0.012), (-0.5 * half, -0.85 * upper), (0.35 * half, -upper), (half, -0.012)
    rim = controls(*edges, (0.45 * half, 0.85 * lower), (-0.4 * half, lower)) + _at(x)
    iris, pupil = (
        clipped(ellipse(0.0, 0.0, radius, radius), top=-upper, bottom=np.maximum(lower, 0.01))
        for radius in (0.064, 0.03)
    )
    tint = (np.maximum(face.skin.mean(axis=1) - 150, 0) / 100 * face["eyes"])[:, None]
    white = np.broadcast_to((236.0, 234.0, 230.0), face.skin.shape)
    lash = 0.30 * face.shadow
    top = through(controls(*edges) + _at(x))
    wing = through(controls((half, -0.012), (half + 0.05, -0.055)) + _at(x))
    bottom = through(
        controls((-half, 0.012), (-0.4 * half, lower), (0.45 * half, 0.85 * lower), (half, -0.012)) + _at(x)
    )
    crease = through(controls((-half, -0.03), (0.0, -upper - 0.05), (half, -0.04)) + _at(x))
    eye = [
        Layer(closed(rim), white, solid),
        Layer(iris + _at(x), (1 - tint) * _BROWN + tint * _LIGHT, solid),
        Layer(pupil + _at(x), np.zeros_like(face.skin) + 12, solid),
        Layer(ellipse(x + 0.025, LEVEL - 0.025, 0.014, 0.014, corners=8), white + 15, solid),
        Layer(bottom, face.shadow, 0.8 * solid, width=0.022),
        Layer(crease, face.shadow, 0.55 * solid, width=0.022),
        Layer(top, lash, solid, width=0.040 - 0.012 * face.masculine),
        Layer(wing, lash, 1 - face.masculine, width=0.032),
    ]
    return both_sides(*eye)


def cheek_layers(face: Face) -> list[Layer]:
    """AU6: the cheek rises, a furrow runs under the eye, and lines fan out from its corner. Age leaves bags."""
    x, strength = eye_distance(face), face["AU6"]
    bag = through(controls((-0.13, 0.085), (0.0, 0.125), (0.13, 0.085)) + _at(x))
    furrow = through(controls((-0.16, 0.10), (-0.02, 0.155), (0.13, 0.12), (0.20, 0.05)) + _at(x))
    apple = ellipse(x + 0.05, 0.16 - 0.05 * strength, 0.17, 0.085)
    feet = [through(controls((0.15, y), (0.215, y + lift), (0.27, y + 2.2 * lift)) + _at(x)) for y, lift in _FAN]
    cheek = [
        Layer(bag, face.shadow, 0.65 * face.age, width=0.025),
        Layer(apple, face.highlight, 0.3 * strength),
        Layer(0.7 * apple + 0.3 * apple.mean(axis=1, keepdims=True), face.highlight, 0.3 * strength),
        Layer(furrow, face.shadow, 0.85 * strength, width=0.032),
        *(Layer(foot, face.shadow, np.maximum(0.9 * strength, 0.5 * face.age), width=0.022) for foot in feet),
    ]
    return both_sides(*cheek)


def brow_layers(face: Face) -> list[Layer]:
    """Both brows and the forehead. AU1 lifts their inner ends, AU4 lowers them and draws them together."""
    x, raised, lowered = eye_distance(face), face["AU1"], face["AU4"]
    height = LEVEL - 0.165 + 0.02 * face.masculine
    inner = height - 0.125 * raised + 0.105 * lowered
    middle = height - 0.03 * (1 - face.masculine) - 0.045 * raised + 0.055 * lowered
    line = through(
        controls(
            (x - 0.155 - 0.05 * lowered, inner + 0.012), (x - 0.05, 0.5 * (inner + middle) - 0.005),
            (x + 0.06, middle - 0.012), (x + 0.17, height + 0.03 + 0.03 * lowered),
        )
    )  # fmt: skip
    thick = 0.050 + 0.022 * face.masculine + 0.016 * face.swing("brows")
    furrow = through(controls((0.045, -0.33), (0.038, -0.24), (0.05, -0.15)))
    return [
        *both_sides(Layer(line + np.array((0.0, 0.045)), face.highlight, 0.3 + 0.4 * face.darkness, width=0.04)),
        *(
            Layer(through(controls((-0.18, y), (-0.06, y - 0.03), (0.06, y - 0.03), (0.18, y))), face.shadow, s, 0.026)
            for y, s in ((-0.425, raised), (-0.49, 0.8 * raised))
        ),
        *(
            Layer(through(controls((-0.30, y), (0.0, y + 0.015), (0.30, y))), face.shadow, 0.65 * face.age, 0.020)
            for y in (-0.52, -0.455)
        ),
        *both_sides(Layer(line, face.brow, np.full(len(x), 0.95), width=thick)),
        *both_sides(Layer(furrow, 0.8 * face.shadow, lowered, width=0.032)),
    ]


def glasses_layers(face: Face) -> list[Layer]:
    """Glasses: two rims, a bridge, temples, and a glare that shows them on any skin."""
    x, worn = eye_distance(face), face.are("glasses", "yes")
    colour = _FRAMES[(face["frame"] * len(_FRAMES)).astype(int)]
    square = controls((-0.2, -0.1), (0.0, -0.125), (0.2, -0.1), (0.2, 0.07), (0.0, 0.135), (-0.2, 0.07)) + _at(x)
    glare = through(controls((-0.11, 0.07), (-0.02, -0.08)) + _at(x))
    temple = through(controls((x + 0.2, LEVEL - 0.05), (head_width(face) + 0.02, LEVEL - 0.03)))
    lens = closed(square)
    rim = np.concatenate([lens, lens[:, :1]], axis=1)
    return [
        *both_sides(
            Layer(lens, np.full_like(face.skin, 225), 0.16 * worn),
            Layer(glare, np.full_like(face.skin, 250), 0.5 * worn, width=0.03),
            Layer(rim, colour, worn, width=0.042),
            Layer(temple, colour, worn, width=0.042),
        ),
        Layer(
            through(controls((x - 0.2, LEVEL - 0.04), (0.0, LEVEL - 0.075), (0.2 - x, LEVEL - 0.04))),
            colour,
            worn,
            0.042,
        ),
    ]


_FAN = ((-0.045, -0.035), (0.0, 0.0), (0.045, 0.035))


def _at(x: Floats) -> Floats:
    """Where the right eye is, to be added to points ``[n, 1, 2]``."""
    return np.stack([x, np.full_like(x, LEVEL)], axis=1)[:, None]
