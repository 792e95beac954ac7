"""Regions of aligned images, as polygons that everyone can read."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.extras import needs

Point = tuple[float, float]
Polygon = tuple[Point, ...]

REST = "surroundings"
"""What lies in no region."""

_FINER = 8


class Region(Document):
    """A part of the image.

    Attributes:
        name: For people.
        shapes: Polygons; coordinates run from -1 (left, top) to 1 (right, bottom).
    """

    name: str = Field(min_length=1)
    shapes: tuple[Polygon, ...] = Field(min_length=1)


class RegionMap(Document):
    """Where on aligned images what lies.

    Attributes:
        regions: Where two overlap, the later one takes it; what is in none is called ``surroundings``.
        evidence: For each label the names of the regions where it shows.
    """

    schema_: str = Field(default="biasgate/regions/v1", alias="schema", pattern="^biasgate/regions/v1$")
    regions: tuple[Region, ...] = Field(min_length=1)
    evidence: dict[str, tuple[str, ...]]

    @property
    def names(self) -> tuple[str, ...]:
        """Of all regions, the surroundings last."""
        return (*(region.name for region in self.regions), REST)

    def coverage(self, height: int, width: int) -> NDArray[np.float64]:
        """How much of each pixel each region takes ``[regions + 1, height, width]``; adds up to one over regions.

        A shape includes its edge, drawn eight times finer than the pixels.

        Raises:
            MissingExtraError: Pillow is not installed.
        """
        needs("PIL")
        from PIL import Image, ImageDraw

        canvas = Image.new("I", (width * _FINER, height * _FINER), len(self.regions))
        draw, scale = ImageDraw.Draw(canvas), np.array((width, height)) * (_FINER / 2)
        for place, region in enumerate(self.regions):
            for shape in region.shapes:
                corners = (np.array(shape) + 1) * scale - 0.5
                draw.polygon([tuple(corner) for corner in corners.tolist()], fill=place)
        finer = np.asarray(canvas).reshape(height, _FINER, width, _FINER)
        return np.stack([(finer == place).mean(axis=(1, 3)) for place in range(len(self.names))])

    def inside(self, label: str, height: int, width: int) -> NDArray[np.float64]:
        """How much of each pixel lies where a label shows ``[height, width]``.

        Raises:
            InputError: The label has no regions, or one of them is unknown, or they take nothing or everything.
        """
        names = self.evidence.get(label, ())
        unknown = sorted(set(names) - set(self.names))
        if not names or unknown:
            raise InputError(
                f"unknown regions {unknown}" if names else "no region is named where it shows",
                where=f"regions, evidence, {label}",
                fix=f"name some of {list(self.names)}",
            )
        mask = self.coverage(height, width)[[self.names.index(name) for name in names]].sum(axis=0)
        if not 0 < mask.mean() < 1:
            raise InputError("its regions take nothing of the image, or all of it", where=f"regions, evidence, {label}")
        return mask
