"""Photographs of many sizes as images of one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.data.pictures import read_picture
from biasgate.data.stored import read_pictures
from biasgate.errors import InputError
from biasgate.extras import needs

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
    return read_pictures(paths, shape=(size, size, 3), read=partial(_read, size=size))


def _read(path: Path, taken: Counter[str], *, size: int) -> NDArray[np.uint8]:
    """One photograph."""
    from PIL import Image, ImageOps

    def of_size(picture: Image.Image) -> None:
        if picture.width * picture.height > LARGEST:
            raise InputError(f"the image is {picture.height}x{picture.width}", where=str(path), fix="scale it down")

    picture = read_picture(path, channels=3, check=of_size, taken=taken)
    return np.asarray(ImageOps.fit(picture, (size, size), Image.Resampling.BOX))
