"""A part of a table: one file, of which some rows are read at a time."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pyarrow as pa

from biasgate.errors import InputError

ROWS = 2**16
"""Rows that are read at a time."""


@dataclass(frozen=True)
class Part:
    """One file of a table.

    Attributes:
        path: Where it lies.
        names: Its columns in order, without blanks around.
        rows: How many it has; of a text file an estimate, None where there is none.
        counted: Whether the file says itself how many rows it has.
    """

    counted: ClassVar[bool] = False

    path: Path
    names: tuple[str, ...]
    rows: int | None

    @abstractmethod
    def batches(self, columns: Sequence[str]) -> Iterator[list[pa.Array]]:
        """Some of its columns, ``ROWS`` rows or fewer at a time.

        Args:
            columns: Names, each of which stands once.

        Raises:
            InputError: The file is damaged, or not as it says that it is.
        """

    def place(self, column: str) -> int:
        """Where a column stands.

        Raises:
            InputError: It is absent, or stands twice.
        """
        times = self.names.count(column)
        if times != 1:
            what = f"no column {column!r}" if not times else f"{times} columns are called {column!r}"
            raise InputError(what, where=str(self.path), fix=f"it has {', '.join(self.names)}")
        return self.names.index(column)
