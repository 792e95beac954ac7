"""Who is drawn, and how: one row of traits an image, everything that its drawing depends on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.faces.drawn.attributes import ACTION_UNITS, PERSONAL, SHOWN
from biasgate.data.faces.drawn.correlation import Correlation, correlate

FAINTEST = 0.4
"""The smallest intensity of an Action Unit that is shown."""

FEATURES = ("width", "jaw", "eyes", "gap", "brows", "nose", "mouth", "lips", "beard", "frame", "freckles")
"""Shape and make-up of a person, each in [0, 1]."""

SCENE = (
    "roll", "yaw", "pitch", "zoom", "across", "down", "brightness", "warmth", "blur", "noise", "grain",
    "wall", "wall_hue", "clothes", "clothes_hue",
)  # fmt: skip
"""Pose, light, camera and surroundings of an image, each in [0, 1]."""

POSE = SCENE[:6]
"""Those that move the face in the image; 0.5 each for a face that looks ahead from the middle."""


def sample_traits(
    *, people: int, images: int = 1, seed: int = 0, correlations: Sequence[Correlation] = ()
) -> pd.DataFrame:
    """Traits of ``people * images`` faces, a person's images one after the other.

    Every attribute is uniform over its values, and independent of all others unless a correlation is planted.
    Gender alone shapes features: jaw, brows, eyes, lips and beard are drawn from ranges that overlap.

    Args:
        people: Number of persons.
        images: Of each, with expressions, pose, light and camera of their own.
        seed: Equal arguments give equal traits.
        correlations: What to plant; see ``correlation.correlate``.

    Returns:
        Columns ``person``; one text column an attribute of ``PERSONAL`` and ``SHOWN``, except that Action Units are
        intensities (0 when absent, else from ``FAINTEST`` to 1); ``FEATURES`` and ``SCENE``. Any cell may be
        changed before drawing: the image then changes in that and nothing else.
    """
    rng, person = np.random.default_rng(seed), np.repeat(np.arange(people), images)
    places = {name: rng.random(people)[person] for name in PERSONAL} | {name: rng.random(len(person)) for name in SHOWN}
    places = correlate(places, correlations, person=person, rng=rng)
    values = {name: _values(place, (PERSONAL | SHOWN)[name]) for name, place in places.items()}
    for unit in ACTION_UNITS:
        values[unit] = np.where(values[unit] == "yes", rng.uniform(FAINTEST, 1, size=len(person)), 0.0)
    features = {name: rng.random(people)[person] for name in FEATURES}
    scene = {name: rng.random(len(person)) for name in SCENE}
    return pd.DataFrame({"person": person, **values, **features, **scene})


def _values(places: NDArray[np.float64], values: tuple[str, ...]) -> NDArray[np.str_]:
    """The value at each place from 0 to 1 along the values."""
    return np.array(values)[(places * len(values)).astype(int)]
