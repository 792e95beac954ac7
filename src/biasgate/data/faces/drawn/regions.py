"""Where on an aligned synthetic face what lies: the geometry of the drawing, with the room that it moves in."""

from __future__ import annotations

from biasgate.data.faces.drawn import eyes, head, mouth
from biasgate.data.faces.drawn.pose import ZOOM
from biasgate.data.regions import Polygon, Region, RegionMap

_EYE, _MOUTH = eyes.LEVEL, mouth.LEVEL


def _box(left: float, top: float, right: float, bottom: float) -> Polygon:
    return tuple((ZOOM * x, ZOOM * y) for x, y in ((left, top), (right, top), (right, bottom), (left, bottom)))


def _both(left: float, top: float, right: float, bottom: float) -> tuple[Polygon, ...]:
    return _box(left, top, right, bottom), _box(-right, top, -left, bottom)


_JAW = tuple((ZOOM * x, ZOOM * y) for x, y in (
    (-0.60, 0.2), (0.60, 0.2), (0.57, 0.32), (0.42, 0.66), (0.18, head.CHIN + 0.03),
    (-0.18, head.CHIN + 0.03), (-0.42, 0.66), (-0.57, 0.32),
))  # fmt: skip

FACE_REGIONS = RegionMap(
    regions=(
        Region(name="jaw and chin", shapes=(_JAW,)),
        Region(name="forehead", shapes=(_box(-0.56, -0.76, 0.56, -0.42),)),
        Region(name="cheeks", shapes=_both(0.10, _EYE + 0.09, 0.60, _MOUTH - 0.12)),
        Region(name="nose", shapes=(_box(-0.13, _EYE - 0.07, 0.13, _MOUTH - 0.16),)),
        Region(name="brows", shapes=(_box(-0.50, -0.44, 0.50, _EYE - 0.07),)),
        Region(name="eyes", shapes=_both(0.12, _EYE - 0.085, 0.58, _EYE + 0.09)),
        Region(name="mouth", shapes=(_box(-0.38, _MOUTH - 0.14, 0.38, _MOUTH + 0.20),)),
    ),
    evidence={
        "AU1": ("brows", "forehead"),
        "AU4": ("brows", "eyes"),
        "AU6": ("eyes", "cheeks"),
        "AU12": ("mouth", "cheeks"),
        "AU15": ("mouth", "jaw and chin"),
        "AU25": ("mouth",),
    },
)
"""Brows, eyes, cheeks, nose, mouth, jaw; and where each Action Unit is drawn."""
