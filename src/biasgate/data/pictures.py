"""Pictures as 8-bit pixels: what a file holds is taken exactly, by a rule that is written here, or refused.

| in the file | taken as |
|---|---|
| 8-bit grey or RGB; JPEG's YCbCr | as it is |
| black and white, palette | the grey or colour that each value stands for |
| 16-bit grey or RGB | the upper 8 of the 16 bits |
| grey of 2 or 4 bits, colours of 5 or 6 bits | stretched over 0 to 255 |
| another largest value than 255 or, of grey, 65,535 (PPM) | refused: readers stretch it, each its own way |
| RGB where grey is asked for | luma by ITU-R BT.601: .299 R + .587 G + .114 B |
| grey where RGB is asked for | the same value three times |
| transparency | left out where every pixel is opaque, else refused: nobody says what lies behind |
| a transparent colour of other than 8 bits | refused: it cannot be told which pixels have it |
| a colour profile or gamma | not applied: values are taken as they stand |
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
_MODES = ("1", "L", "P", "RGB", "LA", "PA", "RGBA", "I;16", "I;16B")
_STRETCHED = ("L;2", "L;4", "BGR;15", "BGR;16")
_OTHER_LARGEST = "other largest value"


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
    written = _written(picture)
    if written.endswith(";16B"):
        yield "of 16 bits, the upper 8 are taken"
    if written in _STRETCHED:
        yield "of fewer than 8 bits a value, they are stretched over 0 to 255"
    if mode in ("1", "P", "PA"):
        yield "black and white or of a palette, the grey or colour that each value stands for is taken"
    if picture.has_transparency_data:
        yield "transparency is left out, every pixel being opaque"
    if {"icc_profile", "gamma"} & picture.info.keys():
        yield "with a colour profile or gamma, it is not applied"
    grey = written.split(";")[0] in ("1", "L", "LA", "I")
    if grey and channels == 3:
        yield "grey, the same value is taken three times"
    if not grey and channels == 1:
        yield "of colours, grey is taken by ITU-R BT.601: .299 R + .587 G + .114 B"


def _fault(picture: Image) -> tuple[str, str] | None:
    """Why a picture has no one meaning, and what to do."""
    written = _written(picture)
    if written == _OTHER_LARGEST:
        return "the image has another largest value than 255", "save it as 8-bit grey or RGB"
    if picture.mode not in _MODES and written != "I;16B":
        return f"the image has the mode {picture.mode}", "save it as 8-bit grey or RGB"
    if getattr(picture, "n_frames", 1) > 1:
        return "the image has several frames", "save the frame that is meant"
    if picture.getexif().get(_ORIENTATION, _UPRIGHT) != _UPRIGHT:
        return "the image is to be turned, says its EXIF", "save it turned, or without EXIF, as the model expects"
    if "transparency" in picture.info and written not in ("L", "RGB") and picture.mode != "P":
        return "the image has a transparent colour of other than 8 bits", "save it without transparency"
    if picture.has_transparency_data and picture.convert("RGBA").getchannel("A").getextrema() != (255, 255):
        return "the image has transparent pixels", "save it on the background that the model expects"
    return None


def _written(picture: Image) -> str:
    """How the file writes a value, as Pillow's decoders name it, such as ``RGB;16B``."""
    for decoder, *_, found in getattr(picture, "tile", ()):
        parts = found if isinstance(found, tuple) else (found,)
        if decoder.startswith("ppm") and parts[-1] != 255:
            return _OTHER_LARGEST
        return str(parts[0])
    return picture.mode


def _in_8_bits(picture: Image) -> Image:
    """With every pixel opaque; of a palette with its colours."""
    from PIL import Image

    if picture.mode == "P" and picture.has_transparency_data:
        return picture.convert("RGBA")
    if picture.mode != "I" and not picture.mode.startswith("I;16"):
        return picture
    upper: NDArray[np.uint8] = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
    return Image.fromarray(upper)
