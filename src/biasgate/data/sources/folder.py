"""A folder of images with a table that says what each file shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.files import File, fetch_folder, inside
from biasgate.data.kind import Classes, ClusterColumn, Columns, SourceKind
from biasgate.data.pictures import read_picture
from biasgate.data.table import read_table
from biasgate.errors import InputError
from biasgate.extras import needs

Length = Annotated[int, Field(gt=0, le=4096)]

if TYPE_CHECKING:
    from PIL.Image import Image


class ImageFolder(SourceKind):
    """Images of one size from the files that a table lists.

    Attributes:
        folder: Where the images lie.
        table: CSV or Parquet, one row an image.
        size: Height and width that every image must have; checked before an image is decoded.
        channels: 1 for grey, 3 for RGB.
        file: Column of paths within ``folder``.
        label: Column of class names.
        classes: Class names, by index.
        attributes: Columns kept as attributes.
        cluster: Column whose equal values are one cluster; without it each image is one.
        weights: Column of sampling weights: how many of the population a row stands for.
    """

    kind: Literal["folder"] = "folder"
    folder: str
    table: File
    size: tuple[Length, Length]
    channels: Literal[1, 3] = 3
    file: str = "file"
    label: str
    classes: Classes
    attributes: Columns = ()
    cluster: ClusterColumn = None
    weights: str | None = None

    def load(self, folder: Path) -> Dataset:
        """One sample for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column or file is absent, a path leaves the folder, an image cannot be read or has another
                size.
            MissingExtraError: Pillow is not installed.
        """
        needs("PIL")
        images, path = fetch_folder(self.folder, folder / "images"), self.table.fetch(folder / "table")
        table = read_table(path)
        paths = [inside(images, entry) for entry in table.text(self.file).tolist()]
        samples = np.empty((len(paths), *self.size, self.channels), dtype=np.uint8)
        for row, image in enumerate(paths):
            samples[row] = _read_image(image, size=self.size, channels=self.channels)
        return checked(
            Dataset(
                samples=samples,
                labels=table.labels(self.label, self.classes),
                classes=self.classes,
                attributes=table.attributes(self.attributes),
                clusters=table.clusters(self.cluster),
                weights=table.weights(self.weights),
                name=table.where,
            )
        )


def _read_image(path: Path, *, size: tuple[int, int], channels: int) -> NDArray[np.uint8]:
    """One image ``[height, width, channels]``."""

    def of_size(picture: Image) -> None:
        if picture.size != size[::-1]:
            found, wanted = f"{picture.height}x{picture.width}", f"{size[0]}x{size[1]}"
            raise InputError(f"the image is {found}, not {wanted}", where=str(path), fix="scale it or drop it")

    return np.asarray(read_picture(path, channels=channels, check=of_size)).reshape(*size, channels)
