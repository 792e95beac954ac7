"""What one look at a column tells: whether it is of numbers, which values it has and how many rows have none."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from biasgate.data.tables.cells import NUMBER, Cells
from biasgate.data.tables.delimited import Layout
from biasgate.data.tables.read import table_parts
from biasgate.errors import InputError
from biasgate.progress import progress

MOST = 100_000
"""Values of a column that are told apart."""


@dataclass
class Profile:
    """One column.

    Attributes:
        name: Of the column.
        values: Rows by value; of the first ``MOST`` values.
        missing: Rows without a value.
        numeric: All values are decimal numbers.
        lengths: Of its lists of numbers, where it holds lists.
        fault: Why the column cannot be read as text, where it cannot.
    """

    name: str
    values: Counter[str] = field(default_factory=Counter[str])
    missing: int = 0
    numeric: bool = True
    lengths: set[int] = field(default_factory=set[int])
    fault: str | None = None

    @property
    def rows(self) -> int:
        """Rows that have one of the values told apart."""
        return self.values.total()


def profiles(path: Path, layout: Layout) -> list[Profile]:
    """Every column of a table, looked at once, some rows at a time.

    Raises:
        InputError: The table cannot be read or has no rows, or a column stands twice.
    """
    parts = table_parts(path, layout)
    names = parts[0].names
    found = {name: Profile(name) for name in names if parts[0].place(name) >= 0}
    number = re.compile(NUMBER.replace("{mark}", rf"\{layout.decimal}"))
    known = [part.rows for part in parts]
    total = None if None in known else sum(rows or 0 for rows in known)
    counted = all(part.counted for part in parts)
    with progress(f"looking at {path.name}", total=total, unit="rows", estimated=not counted) as advance:
        for part in parts:
            for batch in part.batches(names):
                for name, values in zip(names, batch, strict=True):
                    _look(found[name], Cells(values, name, where=str(part.path), first=0), number)
                advance(len(batch[0]))
    if not any(one.rows or one.missing or one.fault for one in found.values()):
        raise InputError("the table has no rows", where=str(path), fix="check the file")
    return list(found.values())


def _look(profile: Profile, cells: Cells, number: re.Pattern[str]) -> None:
    profile.lengths |= cells.lengths()
    if profile.fault:
        return
    try:
        text = cells.text()
    except InputError as error:
        profile.fault = error.what
        return
    codes = text.indices.drop_null().to_numpy()
    counts = np.bincount(codes, minlength=len(text.dictionary))
    for value, count in zip(text.dictionary.to_pylist(), counts.tolist(), strict=True):
        profile.numeric = profile.numeric and number.fullmatch(value) is not None
        if value in profile.values or len(profile.values) < MOST:
            profile.values[value] += count
    profile.missing += text.null_count
