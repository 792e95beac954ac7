"""Pictures by the hundred thousand in the memory of a few: a large set stays in its files, decoded as it is used."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.data.pictures import notes
from biasgate.data.rows import exact_digests
from biasgate.errors import InputError
from biasgate.progress import track

KEPT = 1 << 29
"""Most bytes of pixels that a set keeps in memory."""
AT_ONCE = 64
"""Pictures that are decoded before the first of them is used."""
FAULTS = 20
"""Pictures that cannot be used, after which no more are read."""

Reader = Callable[[Path, Counter[str]], NDArray[np.uint8]]
"""Decodes one picture, and counts what was done with it."""


@dataclass(frozen=True, eq=False)
class Files:
    """Where pictures lie, and how they become pixels.

    Attributes:
        paths: One file a picture.
        read: Decodes one.
        shape: Of each: height, width, channels.
        digests: Of the pixels of each, when they were first read ``[files]``.
    """

    paths: Sequence[Path]
    read: Reader
    shape: tuple[int, int, int]
    digests: NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class StoredPictures:
    """Pictures in files, to be used like an array ``uint8 [n, height, width, channels]``.

    Rows that are asked for are decoded each time, and are the pixels that were first read or none at all: a file that
    changed since is refused. ``numpy.asarray`` decodes the whole set.

    Attributes:
        files: All files.
        rows: Which of them, in this order ``[n]``.
    """

    files: Files
    rows: NDArray[np.int64]

    @property
    def ndim(self) -> int:
        """Four, as an array has it."""
        return len(self.shape)

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """As an array has it."""
        return np.dtype(np.uint8)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """As an array has it."""
        return (len(self.rows), *self.files.shape)

    @property
    def size(self) -> int:
        """Values in all."""
        return math.prod(self.shape)

    @property
    def digests(self) -> NDArray[np.uint64]:
        """Of each picture, when it was first read ``[n]``."""
        return self.files.digests[self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, rows: slice | NDArray[np.int64] | NDArray[np.bool_]) -> NDArray[np.uint8]:
        chosen = self.rows[rows]
        pictures = np.empty((len(chosen), *self.files.shape), dtype=np.uint8)
        for place, picture in enumerate(_decoded([self.files.paths[row] for row in chosen.tolist()], self.files.read)):
            if isinstance(picture, InputError):
                raise picture
            pictures[place] = picture[0]
        changed = exact_digests(pictures) != self.files.digests[chosen]
        if changed.any():
            where = str(self.files.paths[int(chosen[changed.argmax()])])
            raise InputError("the image changed while it was used", where=where, fix="leave it alone and run again")
        return pictures

    def take(self, rows: NDArray[np.int64], axis: int = 0) -> StoredPictures:
        """Some of them, not decoded yet; ``axis`` is that of the pictures."""
        del axis
        return replace(self, rows=self.rows[rows])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        del copy
        return self[:].astype(dtype or np.uint8, copy=False)


def read_pictures(paths: Sequence[Path], *, shape: tuple[int, int, int], read: Reader) -> dict[str, Any]:
    """``samples`` and ``notes`` of a data set: every picture decoded once, and kept where all fit into ``KEPT``.

    Raises:
        InputError: Pictures cannot be used; names the first few.
    """
    taken, faults = Counter[str](), list[InputError]()
    stays = len(paths) * math.prod(shape) > KEPT
    kept = np.empty((0 if stays else len(paths), *shape), dtype=np.uint8)
    digests = np.zeros(len(paths) if stays else 0, dtype=np.uint64)
    each = track(_decoded(paths, read), "reading images", total=len(paths), unit="images")
    for row, found in enumerate(each):
        if isinstance(found, InputError):
            faults.append(found)
            if len(faults) == FAULTS:
                break
            continue
        picture, done = found
        taken.update(done)
        if stays:
            digests[row : row + 1] = exact_digests(picture[None])
        else:
            kept[row] = picture
    if faults:
        raise _told(faults, of=len(paths))
    samples = StoredPictures(Files(paths, read, shape, digests), np.arange(len(paths))) if stays else kept
    return {"samples": samples, "notes": notes(taken)}


def _decoded(paths: Sequence[Path], read: Reader) -> Iterator[tuple[NDArray[np.uint8], Counter[str]] | InputError]:
    """Each picture with what was done with it, or what is wrong with it; a few are decoded at a time."""
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as workers:
        for first in range(0, len(paths), AT_ONCE):
            yield from workers.map(partial(_one, read), paths[first : first + AT_ONCE])


def _one(read: Reader, path: Path) -> tuple[NDArray[np.uint8], Counter[str]] | InputError:
    taken = Counter[str]()
    try:
        return read(path, taken), taken
    except InputError as error:
        return error


def _told(faults: Sequence[InputError], *, of: int) -> InputError:
    """All faults as one."""
    first, *more = faults
    if not more:
        return first
    most = "at least " if len(faults) == FAULTS else ""
    named = "; ".join(f"{fault.what} [{fault.where}]" for fault in faults[:5])
    what = f"{most}{len(faults)} of {of:,} images cannot be used: {named}"
    return InputError(what, fix=f"{first.fix or 'write them again'}, or drop their rows from the table")
