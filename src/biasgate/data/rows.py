"""What a row is known by, whatever place it has in a set, and however its labels, attributes or clusters are named."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

BLOCKS = 4
"""A picture is known by so many blocks a side."""
STEP = 16
"""Brightness of a block is told apart in steps of so many of 256."""
BITS = 15
"""Low bits of a 32-bit number's fraction that are rounded away: 8 of 23 stay, a precision of 0.2 %."""
ZERO = 1e-6
"""Numbers nearer to zero are zero."""
BYTES = 1 << 25
"""Most bytes of samples that are looked at together."""


class Samples(Protocol):
    """Pictures or rows: an array, or what gives rows like one."""

    @property
    def ndim(self) -> int:
        """As an array has it."""
        ...

    @property
    def size(self) -> int:
        """As an array has it."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """As an array has it."""
        ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[Any]: ...


def parts(samples: Samples) -> Iterator[NDArray[Any]]:
    """All samples in order, a few at a time."""
    rows = max(1, BYTES // max(1, samples.size // max(1, len(samples)) * samples.dtype.itemsize))
    return (samples[start : start + rows] for start in range(0, len(samples), rows))


def row_digests(samples: Samples) -> NDArray[np.uint64]:
    """One number a row, from a coarse form of its sample alone, so that a row that is nearly the same has the same.

    The coarse form of a picture is the mean brightness of 4 × 4 blocks in 16 steps; of a row of numbers, each to 8
    bits. Under noise of up to 8 in 256, or of 0.02 % of each number, a third of the rows and more keep their digest:
    enough for a set to be known again. A picture that is turned, moved or made lighter as a whole gets another, and so
    do rows whose numbers change more. Rows of few numbers with few values are alike without being copies.

    Args:
        samples: Pictures ``uint8 [n, height, width, channels]`` or rows ``float32 [n, features]``.

    Returns:
        ``[n]``; equal numbers stand for rows that are the same or nearly so, and for no others but by a chance of 2⁻⁶⁴.
    """
    coarse = _coarse_pictures if samples.ndim == 4 else _coarse_numbers
    return _numbers(row.tobytes() for part in parts(samples) for row in coarse(part))


def exact_digests(samples: NDArray[Any]) -> NDArray[np.uint64]:
    """One number a row ``[n]`` from all of its sample; two that differ share one by a chance of 2⁻⁶⁴."""
    return _numbers(row.tobytes() for row in samples)


def text_digests(texts: Iterable[str]) -> NDArray[np.uint64]:
    """One number for each text ``[n]``."""
    return _numbers(text.encode() for text in texts)


def _numbers(rows: Iterable[bytes]) -> NDArray[np.uint64]:
    digests = [hashlib.blake2b(row, digest_size=8).digest() for row in rows]
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64)


def _coarse_pictures(samples: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.uint8]:
    """``[n, blocks, blocks]``; a picture of fewer than four pixels a side has a block a pixel."""
    grey = samples.mean(axis=3, dtype=np.float32)
    for axis in (1, 2):
        side = grey.shape[axis]
        starts = np.arange(blocks := min(BLOCKS, side)) * side // blocks
        widths = np.diff([*starts, side]).astype(np.float32)
        shape = [1, 1, 1]
        shape[axis] = blocks
        grey = np.add.reduceat(grey, starts, axis=axis) / widths.reshape(shape)
    return (grey // STEP).astype(np.uint8)


def _coarse_numbers(samples: NDArray[np.uint8] | NDArray[np.float32]) -> NDArray[np.uint32]:
    """``[n, features]``: each number's bits, rounded."""
    values = np.where(np.abs(samples) < ZERO, np.float32(0), samples).astype(np.float32)
    bits = values.view(np.uint32)
    return (bits + np.uint32(1 << (BITS - 1))) & np.uint32(2**32 - (1 << BITS))
