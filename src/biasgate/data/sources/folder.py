"""A folder of images with a table that says what each file shows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from biasgate.data.checks import checked, require_values
from biasgate.data.dataset import Dataset
from biasgate.data.table import read_attributes, read_labels, read_table, read_units
from biasgate.errors import InputError

FORMATS = ("PNG", "JPEG", "BMP", "PPM")


def load_folder(
    folder: Path,
    table_path: Path,
    *,
    size: tuple[int, int],
    channels: int,
    file: str,
    label: str,
    classes: tuple[str, ...],
    attributes: tuple[str, ...] = (),
    unit: str | None = None,
    name: str = "folder",
) -> Dataset:
    """Images of one size from the files that a table lists.

    Args:
        folder: Where the images lie.
        table_path: CSV or Parquet, one row an image.
        size: Height and width that every image must have; checked before an image is decoded.
        channels: 1 for grey, 3 for RGB.
        file: Column of paths within ``folder``.
        label: Column of class names.
        classes: Class names, by index.
        attributes: Columns kept as attributes.
        unit: Column whose equal values are one unit; without it each image is one.
        name: For people.

    Raises:
        InputError: A column or file is absent, a path leaves the folder, an image cannot be read or has another size.
    """
    table, where = read_table(table_path), str(table_path)
    require_values(table, file, where=where)
    paths = [inside(folder, str(entry)) for entry in table[file]]
    samples = np.empty((len(paths), *size, channels), dtype=np.uint8)
    for row, path in enumerate(paths):
        samples[row] = _read_image(path, size=size, channels=channels)
    return checked(
        Dataset(
            samples=samples,
            labels=read_labels(table, label, classes, where=where),
            classes=classes,
            attributes=read_attributes(table, attributes, where=where),
            units=read_units(table, unit, where=where),
            name=name,
        )
    )


def inside(folder: Path, entry: str) -> Path:
    """The path of a listed file, or ``InputError`` when it leaves the folder."""
    path = folder / entry
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError("the path leaves the image folder", where=entry, fix="list files within the folder")
    return path


def _read_image(path: Path, *, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """One image ``[height, width, channels]``."""
    from PIL import Image

    try:
        with Image.open(path, formats=FORMATS) as image:
            if image.size != size[::-1]:
                found, wanted = f"{image.height}x{image.width}", f"{size[0]}x{size[1]}"
                raise InputError(f"the image is {found}, not {wanted}", where=str(path), fix="scale it or drop it")
            pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise InputError(
            f"cannot be read as an image: {type(error).__name__}", where=str(path), fix=f"give {', '.join(FORMATS)}"
        ) from error
    return pixels.reshape(*size, channels)
