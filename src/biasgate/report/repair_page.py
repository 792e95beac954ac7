"""A repair as a page: what it did, who gained and who lost, and samples that it mended or broke, to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from biasgate.contracts.repair_record import Flip, RepairRecord
from biasgate.report.heatmap_pictures import data_uri
from biasgate.report.rendering import page
from biasgate.report.repair import COLUMNS, change_rows, repair_words

SIDE = 96
"""Most pixels of a picture's longer side; a page of 24 stays below half a megabyte."""
LONGEST = 60
"""Most letters of a name in a caption."""
Pixels = NDArray[np.uint8]
"""One image ``[height, width, channels]``."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A sample that changed, with its picture if it is one.

    Attributes:
        flip: What changed.
        source: The picture inside the page; empty for a row of a table.
    """

    flip: Flip
    source: str


def repair_page(record: RepairRecord, pictures: Mapping[int, Pixels]) -> str:
    """The page: one file that needs nothing but itself, and runs nothing.

    Args:
        record: What the repair did.
        pictures: Images by row of the repair data, those of ``record.flips``; none of a table.
    """
    shown = [Shown(flip=flip, source=thumbnail(pictures.get(flip.row))) for flip in record.flips]
    return page(
        "repair.html.j2",
        record=record,
        sentences=list(repair_words(record)),
        columns=COLUMNS,
        changes=change_rows(record),
        kinds={"Mended": [one for one in shown if one.flip.mended], "Broken": [o for o in shown if not o.flip.mended]},
        longest=LONGEST,
    )


def thumbnail(pixels: Pixels | None) -> str:
    """A small copy of an image in grey or colour inside the page; empty for anything else."""
    if pixels is None or pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        return ""
    small = Image.fromarray(np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels)
    small.thumbnail((SIDE, SIDE))
    return data_uri(np.asarray(small))
