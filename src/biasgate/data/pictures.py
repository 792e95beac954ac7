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

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import InputError

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "BMP", "PPM")
SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".ppm", ".pgm")
_ORIENTATION, _UPRIGHT = 0x0112, 1


def read_picture(path: Path, *, channels: int, check: Callable[[Image], None], taken: Counter[str]) -> Image:
    """One picture in mode ``L`` (one channel) or ``RGB`` (three).

    Args:
        path: A PNG, JPEG, BMP or PPM file.
        channels: 1 or 3.
        check: Refuses a picture by its size, before it is decoded.
        taken: Counts the pictures that were not taken as they are, by what was done.

    Raises:
        InputError: It cannot be read, or has no one meaning in 8 bits; see the table above.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=FORMATS) as picture:
            check(picture)
            changes = list(_changes(picture, channels=channels))
            if fault := _fault(picture):
                raise InputError(fault[0], where=str(path), fix=fault[1])
            taken.update(changes)
            return _in_8_bits(picture).convert("L" if channels == 1 else "RGB")
    except FileNotFoundError as error:
        raise InputError("the image is not there", where=str(path), fix="check the table and the folder") from error
    except UnidentifiedImageError as error:
        raise InputError("no image of a known format", where=str(path), fix=f"give {', '.join(FORMATS)}") from error
    except Image.DecompressionBombError as error:
        raise InputError("the image has too many pixels", where=str(path), fix="scale it down") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise InputError("the image is damaged or cut off", where=str(path), fix="write it again") from error


def notes(taken: Counter[str]) -> tuple[str, ...]:
    """What was done with pictures, a sentence each."""
    return tuple(f"{count:,} pictures: {change}." for change, count in sorted(taken.items()))


def _changes(picture: Image, *, channels: int) -> Iterator[str]:
    """What is done with a picture that has one meaning in 8 bits."""
    mode = picture.mode
    if "16" in mode or any("16" in str(part[-1]) for part in getattr(picture, "tile", ())):
        yield "of 16 bits, the upper 8 are taken"
    if mode in ("1", "P", "PA"):
        yield "black and white or of a palette, the grey or colour that each value stands for is taken"
    if picture.has_transparency_data:
        yield "transparency is left out, every pixel being opaque"
    grey = mode in ("1", "L", "LA") or mode.startswith("I;16")
    if grey and channels == 3:
        yield "grey, the same value is taken three times"
    if not grey and channels == 1:
        yield "of colours, grey is taken by ITU-R BT.601: .299 R + .587 G + .114 B"


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
