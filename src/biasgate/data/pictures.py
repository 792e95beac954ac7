"""Pictures as 8-bit pixels: what a file holds is taken exactly, by a rule that is written here, or refused.

| in the file | taken as |
|---|---|
| 8-bit grey or RGB; JPEG's YCbCr | as it is |
| black and white, palette | the grey or colour that each value stands for |
| 16-bit grey or RGB | the upper 8 of the 16 bits |
| RGB where grey is asked for | luma by ITU-R BT.601: .299 R + .587 G + .114 B |
| grey where RGB is asked for | the same value three times |
| transparency | left out where every pixel is opaque, else refused: nobody says what lies behind |
| a turn or mirror in EXIF | refused: viewers turn the picture, most readers do not |
| CMYK, Lab, 32-bit whole or floating numbers, several frames | refused: they have no one meaning in 8 bits |
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "PPM")
_ORIENTATION, _UPRIGHT = 0x0112, 1


def read_picture(path: Path, *, channels: int, check: Callable[[Image], None]) -> Image:
    """One picture in mode ``L`` (one channel) or ``RGB`` (three).

    Args:
        path: A PNG, JPEG, BMP or PPM file.
        channels: 1 or 3.
        check: Refuses a picture by its size, before it is decoded.

    Raises:
        InputError: It cannot be read, or has no one meaning in 8 bits; see the table above.
    """
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as picture:
            check(picture)
            if fault := _fault(picture):
                raise InputError(fault[0], where=str(path), fix=fault[1])
            return _in_8_bits(picture).convert("L" if channels == 1 else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"cannot be read as an image: {type(error).__name__}", where=str(path), fix=f"give {', '.join(FORMATS)}"
        ) from error


def _fault(picture: Image) -> tuple[str, str] | None:
    """Why a picture has no one meaning, and what to do."""
    if picture.mode not in ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "I;16", "I;16B"):
        return f"the image has the mode {picture.mode}", "save it as 8-bit grey or RGB"
    if getattr(picture, "n_frames", 1) > 1:
        return "the image has several frames", "save the frame that is meant"
    if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
        return "the image is to be turned, says its EXIF", "save it turned, or without EXIF, as the model expects"
    if picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        return "the image has transparent pixels", "save it on the background that the model expects"
    return None


def _in_8_bits(picture: Image) -> Image:
    from PIL import Image

    if not picture.mode.startswith("I;16"):
        return picture
    upper: NDArray[np.uint8] = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
    return Image.fromarray(upper)
