"""Synthetic faces as a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from biasgate.data.dataset import Dataset
from biasgate.data.faces.drawn.attributes import ACTION_UNITS, PERSONAL, SHOWN, SKIN, Label, skin_group
from biasgate.data.faces.drawn.correlation import Correlation
from biasgate.data.faces.drawn.drawing import draw_faces
from biasgate.data.faces.drawn.traits import POSE, sample_traits
from biasgate.data.kind import Side, SourceKind

VALUES = PERSONAL | SHOWN | {"skin": SKIN}
"""The values of every attribute of the data set."""


class SyntheticFaces(SourceKind):
    """Drawn faces with a known truth; each person is a unit.

    Attributes:
        people: Number of persons.
        images: Of each person.
        size: Height and width in pixels.
        label: The attribute to be predicted, or ``action_units`` for all of them at once (multi-label).
        seed: Equal fields give equal sets.
        correlations: What to plant.
        aligned: All faces look ahead from the middle of the image; nothing else about them changes.
    """

    kind: Literal["synthetic_faces"] = "synthetic_faces"
    people: int = Field(gt=0, le=10**6)
    images: int = Field(default=1, gt=0, le=1000)
    size: Side = 64
    label: Label = "action_units"
    seed: int = Field(default=0, ge=0)
    correlations: tuple[Correlation, ...] = ()
    aligned: bool = False

    def load(self, folder: Path) -> Dataset:
        """All faces; see ``SourceKind.load``.

        Raises:
            InputError: The correlations contradict each other.
        """
        del folder
        return synthetic_faces(
            people=self.people,
            images=self.images,
            size=self.size,
            label=self.label,
            seed=self.seed,
            correlations=self.correlations,
            aligned=self.aligned,
        )


def synthetic_faces(
    *,
    people: int,
    images: int = 1,
    size: int = 64,
    label: Label = "action_units",
    seed: int = 0,
    correlations: Sequence[Correlation] = (),
    aligned: bool = False,
) -> Dataset:
    """Drawn faces; the arguments are the fields of ``SyntheticFaces``.

    Returns:
        RGB images; attributes are all that are not in the label, Action Units as ``no`` and ``yes``.

    Raises:
        InputError: The correlations contradict each other.
    """
    traits = sample_traits(people=people, images=images, seed=seed, correlations=correlations)
    if aligned:
        traits = traits.assign(**dict.fromkeys(POSE, 0.5))
    attributes = describing_attributes(traits)
    if label == "action_units":
        classes = predicted = tuple(ACTION_UNITS)
        labels = (attributes[list(predicted)] == "yes").to_numpy(dtype=np.int64)
    else:
        classes, predicted = VALUES[label], (label,)
        labels = attributes[label].map(classes.index).to_numpy(dtype=np.int64)
    return Dataset(
        samples=draw_faces(traits, size=size),
        labels=labels,
        classes=classes,
        attributes=attributes.drop(columns=list(predicted)),
        clusters=traits["person"].to_numpy(dtype=np.int64),
        clusters_declared=True,
        name="synthetic faces",
    )


def describing_attributes(traits: pd.DataFrame) -> pd.DataFrame:
    """The attributes that traits show, as text; ``skin`` groups the tones."""
    skin = [skin_group(tone) for tone in traits["tone"]]
    units = {unit: np.where(traits[unit] > 0, "yes", "no") for unit in ACTION_UNITS}
    rest = {name: traits[name] for name in [*PERSONAL, *SHOWN] if name not in ACTION_UNITS}
    return pd.DataFrame({"skin": skin, **rest, **units}, dtype=str)
