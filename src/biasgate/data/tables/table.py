"""``Table``: some columns of a table, each in the least memory that holds it."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from biasgate.data.checks import known_classes
from biasgate.errors import InputError

LONGEST = 4_096
"""The most characters of an attribute's value."""


@dataclass(frozen=True, eq=False)
class Text:
    """A column of text.

    Attributes:
        names: The values that occur, sorted; of identifiers as many as rows, so that they stay in Arrow.
        codes: Which of them each row has, ``int32 [n]``; -1 where it has none.
    """

    names: pa.Array
    codes: NDArray[np.int32]

    def values(self) -> list[str]:
        """The values that occur, sorted."""
        return [str(name) for name in self.names.to_pylist()]

    def counts(self) -> dict[str, int]:
        """Rows by value."""
        found = np.bincount(self.codes[self.codes >= 0], minlength=len(self.names))
        return dict(zip(self.values(), found.tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of a table whose rows are known by their place; an index that pandas wrote is a column like any other.

    Attributes:
        where: The file or folder, for messages.
        names: All columns that it has, in order.
        rows: Their number.
        texts: Columns that were read as text.
        exact: Columns that were read as numbers of 64 bits, NaN where missing.
        narrow: Columns that were read as numbers of 32 bits, NaN where missing.
        lists: Columns that were read as lists of one length ``[n, length]``.
        places: The row of the file that each row was, where rows were taken out.
    """

    where: str
    names: tuple[str, ...]
    rows: int
    texts: dict[str, Text]
    exact: dict[str, NDArray[np.float64]]
    narrow: dict[str, NDArray[np.float32]]
    lists: dict[str, NDArray[np.float32]] = field(default_factory=dict[str, NDArray[np.float32]])
    places: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return self.rows

    def missing(self, column: str) -> NDArray[np.bool_]:
        """Where a column has no value ``[n]``."""
        missing = np.zeros(self.rows, dtype=bool)
        if column in self.texts:
            missing |= self.texts[column].codes < 0
        for floats in (self.exact, self.narrow):
            if column in floats:
                missing |= np.isnan(floats[column])
        return missing

    def take(self, kept: NDArray[np.bool_]) -> Table:
        """The same table with only some rows."""
        rows = np.flatnonzero(kept)
        return replace(
            self,
            rows=len(rows),
            texts={name: replace(text, codes=text.codes[rows]) for name, text in self.texts.items()},
            exact={name: values[rows] for name, values in self.exact.items()},
            narrow={name: values[rows] for name, values in self.narrow.items()},
            lists={name: values[rows] for name, values in self.lists.items()},
            places=rows if self.places is None else self.places[rows],
        )

    def text(self, column: str) -> NDArray[np.str_]:
        """A column as text ``[n]``.

        Raises:
            InputError: It has empty cells.
        """
        found = self.coded(column)
        self._check_length(column)
        return np.array(found.values(), dtype=str)[found.codes]

    def coded(self, column: str) -> Text:
        """A column as text that repeats.

        Raises:
            InputError: It has empty cells.
        """
        self._require(column, self.texts[column].codes < 0)
        return self.texts[column]

    def numbers(self, column: str) -> NDArray[np.float64]:
        """A column of numbers ``[n]``.

        Raises:
            InputError: It has empty cells.
        """
        self._require(column, np.isnan(self.exact[column]))
        return self.exact[column]

    def features(self, column: str) -> NDArray[np.float32]:
        """A column of numbers as models take them ``[n]``.

        Raises:
            InputError: It has empty cells.
        """
        self._require(column, np.isnan(self.narrow[column]))
        return self.narrow[column]

    def labels(self, column: str, classes: tuple[str, ...], *, called: str = "classes") -> NDArray[np.int64]:
        """Class indices from a column of class names ``[n]``.

        Args:
            column: Its name.
            classes: In order.
            called: What messages call them.

        Raises:
            InputError: It has empty cells, or a name is no class; says which and in which row.
        """
        found = self.coded(column)
        names = found.values()
        known = known_classes(names, classes)
        counts = found.counts()
        if unknown := [name for name in names if name not in known and counts[name]]:
            row = self._row(np.isin(found.codes, [names.index(name) for name in unknown]))
            said = ", ".join(f"{name} ({_rows(counts[name])})" for name in unknown[:5])
            more = f" and {len(unknown) - 5} more" if len(unknown) > 5 else ""
            what = f"column {column!r} has values outside the {called}: {said}{more}, first in row {row:,}"
            raise InputError(what, where=self.where, fix=f"add or drop them; the {called} are {', '.join(classes)}")
        return np.array([known.get(name, -1) for name in names], dtype=np.int64)[found.codes]

    def attributes(self, columns: Sequence[str]) -> pd.DataFrame:
        """The attribute columns, as categories."""
        coded = {column: self.coded(column) for column in columns}
        for column in columns:
            self._check_length(column)
        frames = {name: pd.Categorical.from_codes(one.codes, one.values()) for name, one in coded.items()}
        return pd.DataFrame(frames, index=range(self.rows))

    def clusters(self, column: str | None) -> NDArray[np.int64]:
        """One number a cluster ``[n]``; without a column each row is its own cluster."""
        if column is None:
            return np.arange(self.rows)
        return self.coded(column).codes.astype(np.int64)

    def weights(self, column: str | None) -> NDArray[np.float64] | None:
        """A column of sampling weights ``[n]``; None without a column.

        Raises:
            InputError: It has empty cells, or a weight is no finite number above zero.
        """
        if column is None:
            return None
        found = self.numbers(column)
        if not (found > 0).all():
            row = self._row(~(found > 0))
            what = f"column {column!r} has a weight that is not above zero in row {row:,}"
            raise InputError(what, where=self.where, fix="drop rows that stand for nobody, and mend the others")
        return found

    def _require(self, column: str, missing: NDArray[np.bool_]) -> None:
        if empty := np.count_nonzero(missing):
            what = f"{empty:,} of {self.rows:,} rows have no {column!r}, first row {self._row(missing):,}"
            fix = f"say what to do with them: `missing: {{{column}: drop}}`, or of an attribute `unknown`"
            raise InputError(what, where=self.where, fix=fix)

    def _check_length(self, column: str) -> None:
        if too_long := next((name for name in self.texts[column].values() if len(name) > LONGEST), None):
            what = f"column {column!r} has a value of {len(too_long):,} characters, {too_long[:20]!r}…"
            raise InputError(what, where=self.where, fix=f"an attribute or file name has at most {LONGEST:,}")

    def _row(self, marked: NDArray[np.bool_]) -> int:
        """The first marked row by its number in the file."""
        first = int(np.argmax(marked))
        return 1 + (first if self.places is None else int(self.places[first]))


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
