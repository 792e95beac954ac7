"""IDX files, the layout of MNIST and Fashion-MNIST, plain or gzipped."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.files import File
from biasgate.data.kind import Classes, SourceKind
from biasgate.errors import InputError

MAX_BYTES = 2**30
"""The largest array that is read, unpacked."""

_UNSIGNED_BYTE = 0x08
_GZIP = b"\x1f\x8b"


class IdxFiles(SourceKind):
    """Two IDX files, such as MNIST's or Fashion-MNIST's; each image is its own cluster.

    Attributes:
        images: Grey images ``[n, height, width]``.
        labels: Class indices ``[n]``.
        classes: Class names, by index.
    """

    kind: Literal["idx"] = "idx"
    images: File
    labels: File
    classes: Classes

    def load(self, folder: Path) -> Dataset:
        """All of both files; see ``SourceKind.load``."""
        images, labels = self.images.fetch(folder / "images"), self.labels.fetch(folder / "labels")
        return load_idx(images, labels, classes=self.classes)


def load_idx(images: Path, labels: Path, *, classes: tuple[str, ...]) -> Dataset:
    """Grey images and their labels from two IDX files; each image is its own cluster.

    Raises:
        InputError: A file is no IDX of unsigned bytes, is truncated, too long or too large, or the two do not fit.
    """
    pixels, indices = read_idx(images), read_idx(labels)
    if pixels.ndim != 3 or indices.ndim != 1:
        raise InputError(
            f"images have {pixels.ndim} axes and labels {indices.ndim}, not 3 and 1",
            where=f"{images}, {labels}",
            fix="check which file is which",
        )
    return checked(
        Dataset(
            samples=pixels[..., None],
            labels=indices.astype(np.int64),
            classes=classes,
            attributes=pd.DataFrame(index=range(len(pixels))),
            clusters=np.arange(len(pixels)),
            name=str(images),
        )
    )


def read_idx(path: Path) -> NDArray[np.uint8]:
    """The array of an IDX file of unsigned bytes (magic 0, 0, 8, number of axes; then each length, big-endian).

    Raises:
        InputError: See ``load_idx``.
    """
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == _GZIP
        with gzip.open(path) if zipped else path.open("rb") as file:
            return _read(file, where=str(path))
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(
            f"cannot be read: {error.__class__.__name__}", where=str(path), fix="fetch the file again"
        ) from error


def _read(file: io.BufferedIOBase, *, where: str) -> NDArray[np.uint8]:
    """Header, then exactly as many bytes as it promises."""
    magic = file.read(4)
    if len(magic) < 4 or magic[:3] != bytes([0, 0, _UNSIGNED_BYTE]) or not 1 <= magic[3] <= 4:
        raise InputError("no IDX file of unsigned bytes", where=where, fix="give an IDX file such as MNIST's")
    header = file.read(4 * magic[3])
    if len(header) < 4 * magic[3]:
        raise InputError("the IDX header is truncated", where=where, fix="fetch the file again")
    shape = struct.unpack(f">{magic[3]}I", header)
    size = math.prod(shape)
    if size > MAX_BYTES:
        raise InputError(f"promises {size:,} bytes, more than the {MAX_BYTES:,} allowed", where=where)
    data = file.read(size + 1)
    if len(data) != size:
        relation = "fewer" if len(data) < size else "more"
        raise InputError(f"holds {relation} than the {size:,} bytes it promises", where=where, fix="fetch it again")
    return np.frombuffer(data, dtype=np.uint8).reshape(shape)
