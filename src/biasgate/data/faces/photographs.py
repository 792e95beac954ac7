"""Photographs of many sizes as images of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.data.pictures import notes, read_picture
from biasgate.errors import InputError
from biasgate.extras import needs
from biasgate.progress import track

LARGEST = 2**25
"""The most pixels that a photograph may have; checked before it is decoded."""


def read_photographs(paths: Sequence[Path], *, size: int) -> dict[str, Any]:
    """The square in the middle of each photograph, scaled: ``samples`` and ``notes`` of a data set.

    The samples are RGB ``[n, size, size, 3]``.

    Raises:
        InputError: A file is absent, no JPEG or PNG, damaged or too large.
        MissingExtraError: Pillow is not installed.
    """
    needs("PIL")
    images = np.empty((len(paths), size, size, 3), dtype=np.uint8)
    taken = Counter[str]()
    for row, path in enumerate(track(paths, "reading photographs", total=len(paths), unit="images")):
        images[row] = _read(path, size=size, taken=taken)
    return {"samples": images, "notes": notes(taken)}


def _read(path: Path, *, size: int, taken: Counter[str]) -> NDArray[np.uint8]:
    """One photograph."""
    from PIL import Image, ImageOps

    def of_size(picture: Image.Image) -> None:
        if picture.width * picture.height > LARGEST:
            raise InputError(f"the image is {picture.height}x{picture.width}", where=str(path), fix="scale it down")

    picture = read_picture(path, channels=3, check=of_size, taken=taken)
    return np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.BOX))
