"""One hostile candidate, and what lies beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SIDE, CHANNELS, CLASSES = 8, 3, 3
SECRET = "secret.bin"
"""Lies beside each candidate's folder: tensors that a candidate must not be able to read."""
CANARY = "executed"
"""Appears beside each candidate's folder when a candidate's code runs."""

Write = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One candidate; ``write`` fills an empty folder with it.

    No reader may let a ``forbidden`` one through; what happens to the others does not matter as long as it is a
    measurement or a reason.
    """

    name: str
    write: Write
    forbidden: bool


Named = Iterator[tuple[str, Write, bool]]
