"""A folder of images with a table that says what each file shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.described import DescribedByTable
from biasgate.data.files import TabularFile, fetch_folder, inside
from biasgate.data.pictures import SUFFIXES, read_picture
from biasgate.data.stored import read_pictures
from biasgate.errors import InputError
from biasgate.extras import needs

Length = Annotated[int, Field(gt=0, le=4096)]

if TYPE_CHECKING:
    from PIL.Image import Image


class ImageFolder(DescribedByTable):
    """Images of one size from the files that a table lists.

    Attributes:
        folder: Where the images lie.
        table: CSV or Parquet, one row an image.
        size: Height and width that every image must have; checked before an image is decoded.
        channels: 1 for grey, 3 for RGB.
        file: Column of paths within ``folder``.
    """

    kind: Literal["folder"] = "folder"
    folder: str
    table: TabularFile
    size: tuple[Length, Length]
    channels: Literal[1, 3] = 3
    file: str = "file"

    def columns(self) -> tuple[str, ...]:
        """The columns that the source uses; see ``DescribedByTable.columns``."""
        return tuple(dict.fromkeys((*super().columns(), self.file)))

    def load(self, folder: Path) -> Dataset:
        """One sample for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column or file is absent, a path leaves the folder, an image cannot be read or has another
                size.
            MissingExtraError: Pillow is not installed.
        """
        needs("PIL")
        images = fetch_folder(self.folder, folder / "images")
        columns = [self.file, *self.text_columns()]
        found = self.describe(self.table.table(folder / "table", text=columns, exact=self.exact_columns()))
        paths = [inside(images, entry) for entry in found.table.text(self.file).tolist()]
        read = partial(_read_image, size=self.size, channels=self.channels)
        pictures = read_pictures(paths, shape=(*self.size, self.channels), read=read)
        if others := _unlisted(images, paths):
            found.dropped["the table does not list the image"] = others
        return checked(Dataset(**pictures, name=found.table.where, **found.fields()))


def _unlisted(folder: Path, listed: Sequence[Path]) -> int:
    """Images of a folder, by the ends of their names, that are none of those listed."""
    known = {path.resolve() for path in listed}
    images = [path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file()]
    return sum(path.resolve() not in known for path in images)


def _read_image(path: Path, taken: Counter[str], *, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """One image ``[height, width, channels]``."""

    def of_size(picture: Image) -> None:
        if picture.size != size[::-1]:
            found, wanted = f"{picture.height}x{picture.width}", f"{size[0]}x{size[1]}"
            raise InputError(f"the image is {found}, not {wanted}", where=str(path), fix="scale it or drop it")

    return np.asarray(read_picture(path, channels=channels, check=of_size, taken=taken)).reshape(*size, channels)
