"""Traits as the numbers that shapes and colours are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.faces.drawn.attributes import PERSONAL, TONES
from biasgate.data.faces.drawn.shapes import Floats

_HAIR = {"black": (36, 30, 32), "brown": (98, 62, 38), "red": (170, 72, 34), "blond": (222, 184, 112)}
_SHADOW = (0.60, 0.48, 0.44)
_ROSE = (172, 62, 72)


@dataclass(frozen=True, eq=False)
class Face:
    """Faces to be drawn.

    Attributes:
        numbers: Numeric traits by name ``[n]``.
        words: The others ``[n]``.
    """

    numbers: Mapping[str, Floats]
    words: Mapping[str, NDArray[np.str_]]

    @staticmethod
    def of(traits: pd.DataFrame) -> Face:
        """A face for each row of traits."""
        numbers = traits.select_dtypes("number")
        words = traits.drop(columns=list(numbers))
        return Face(
            {name: numbers[name].to_numpy(dtype=float) for name in numbers},
            {name: words[name].to_numpy(dtype=str) for name in words},
        )

    def __len__(self) -> int:
        """How many."""
        return len(self.numbers["roll"])

    def __getitem__(self, name: str) -> Floats:
        """A numeric trait ``[n]``."""
        return self.numbers[name]

    def of_rows(self, rows: slice) -> Face:
        """Some of the faces."""
        return Face(
            {name: column[rows] for name, column in self.numbers.items()},
            {name: column[rows] for name, column in self.words.items()},
        )

    def swing(self, name: str) -> Floats:
        """A trait in [0, 1] as one in [-1, 1] ``[n]``."""
        return 2 * self[name] - 1

    def are(self, attribute: str, *values: str) -> Floats:
        """1 where an attribute has one of the values, else 0 ``[n]``."""
        return np.isin(self.words[attribute], values).astype(float)

    @cached_property
    def masculine(self) -> Floats:
        """1 for masculine, 0 for feminine presentation ``[n]``."""
        return self.are("gender", "masculine")

    @cached_property
    def age(self) -> Floats:
        """0 young, 0.5 middle-aged, 1 old ``[n]``."""
        return 0.5 * self.are("age", "middle-aged") + self.are("age", "old")

    @cached_property
    def skin(self) -> Floats:
        """RGB of the tone, as published ``[n, 3]``."""
        return np.array(TONES, dtype=float)[self.words["tone"].astype(int) - 1]

    @cached_property
    def darkness(self) -> Floats:
        """From 0 for white skin to 1 for black ``[n]``."""
        return 1 - self.skin.mean(axis=1) / 255

    @cached_property
    def shadow(self) -> Floats:
        """Skin in its own shade: folds, lids, nostrils ``[n, 3]``."""
        return self.skin * (np.array(_SHADOW) - 0.15 * self.darkness[:, None])

    @cached_property
    def highlight(self) -> Floats:
        """Skin where it catches light; darker skin shows the shine more ``[n, 3]``."""
        return self.skin + 0.34 * (255 - self.skin)

    @cached_property
    def lip(self) -> Floats:
        """Lips: the skin's shade and rose, more so in feminine presentation ``[n, 3]``."""
        rose = (0.80 - 0.42 * self.masculine + 0.15 * self.swing("lips"))[:, None]
        return (1 - rose) * self.skin * (0.82, 0.66, 0.62) + rose * np.array(_ROSE) * self._glow

    @cached_property
    def hair(self) -> Floats:
        """Hair, greyed by age ``[n, 3]``."""
        colour = np.array([_HAIR[value] for value in PERSONAL["hair"]], dtype=float)
        colour = colour[np.argmax([self.words["hair"] == value for value in PERSONAL["hair"]], axis=0)]
        grey = 0.5 * np.maximum(2 * self.age - 1, 0)[:, None]
        return (1 - grey) * colour + grey * 190

    @cached_property
    def brow(self) -> Floats:
        """Brows: darker than hair and than skin ``[n, 3]``."""
        return np.minimum(0.62 * self.hair, 0.5 * self.skin)

    @cached_property
    def _glow(self) -> Floats:
        """How bright things on the skin are, beside those on the lightest ``[n, 1]``."""
        return 1 - 0.2 * self.darkness[:, None]
