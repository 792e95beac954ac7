"""Tables: CSV or Parquet, read as written: text is text, to the letter, and numbers are only where they are asked for.

Blanks around a cell are no part of it. A cell without any character is missing. Nothing else is converted: ``007`` and
``7`` are two persons, ``NA`` and ``None`` are values.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow has no types, and makes its functions when it is imported)

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from biasgate.data.checks import class_indices
from biasgate.errors import InputError

NUMBER = r"^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$|^[+-]?(?:inf|Inf|INF)$|^(?:nan|NaN)$"
"""Text that a numeric column may hold; infinities and NaN are then refused by the check of all samples."""


@dataclass(frozen=True)
class Table:
    """A table whose rows are known by their place; an index that pandas wrote into a file is a column like any other.

    Attributes:
        columns: What the file holds; of CSV every column is text.
        where: The file, for messages.
    """

    columns: pa.Table
    where: str

    def __len__(self) -> int:
        return self.columns.num_rows

    @property
    def names(self) -> list[str]:
        """The columns' names, in the file's order."""
        return list(self.columns.column_names)

    def text(self, column: str) -> NDArray[np.str_]:
        """A column as text ``[n]``: whole numbers in digits, truth as ``true`` and ``false``, dates by ISO 8601.

        Raises:
            InputError: It is absent, stands twice, has empty cells, or holds lists, structures, bytes or durations.
        """
        return (
            self._filled(column, self._as_text(column, self._column(column))).to_numpy(zero_copy_only=False).astype(str)
        )

    def numbers(self, column: str) -> NDArray[np.float32]:
        """A column of numbers ``[n]``.

        Raises:
            InputError: As for ``text``; a cell is no decimal number, the column holds dates, or whole numbers so large
                that two of them are one in 32 bits.
        """
        return self._in_32_bits(column, self._floats(column))

    def _floats(self, column: str) -> NDArray[np.float64]:
        found = self._column(column)
        if _is_text(found.type):
            found = self._parsed(column, self._filled(column, self._as_text(column, found)))
        elif not (pa.types.is_integer(found.type) or pa.types.is_floating(found.type) or _is_exact(found.type)):
            nested = pa.types.is_nested(found.type)
            fix = "write its parts as columns" if nested else "declare it categorical, or keep it as an attribute"
            raise InputError(f"column {column!r} holds {found.type}, not numbers", where=self.where, fix=fix)
        return pc.cast(self._filled(column, found), pa.float64()).to_numpy(zero_copy_only=False)

    def weights(self, column: str | None) -> NDArray[np.float64] | None:
        """A column of sampling weights ``[n]``, in 64 bits; None without a column."""
        return None if column is None else self._floats(column)

    def labels(self, column: str, classes: tuple[str, ...]) -> NDArray[np.int64]:
        """Class indices from a column of class names ``[n]``."""
        return class_indices(self.text(column), classes, where=f"{self.where}, column {column}")

    def attributes(self, columns: tuple[str, ...]) -> pd.DataFrame:
        """The attribute columns, as text."""
        return pd.DataFrame({column: self.text(column) for column in columns}, index=range(len(self)))

    def clusters(self, column: str | None) -> NDArray[np.int64]:
        """One number a cluster ``[n]``; without a column each row is its own cluster."""
        if column is None:
            return np.arange(len(self))
        return np.unique(self.text(column), return_inverse=True)[1].astype(np.int64)

    def _column(self, name: str) -> pa.ChunkedArray:
        times = self.names.count(name)
        if times != 1:
            what = f"no column {name!r}" if not times else f"{times} columns are called {name!r}"
            raise InputError(what, where=self.where, fix=f"it has {', '.join(self.names)}")
        found = self.columns.column(name)
        return pc.cast(found, found.type.value_type) if pa.types.is_dictionary(found.type) else found

    def _as_text(self, column: str, found: pa.ChunkedArray) -> pa.ChunkedArray:
        kind = found.type
        if not (_is_text(kind) or _is_exact(kind) or pa.types.is_primitive(kind)) or pa.types.is_duration(kind):
            raise InputError(f"column {column!r} holds {kind}, not text", where=self.where, fix="write it as text")
        if pa.types.is_floating(kind):
            return pa.chunked_array([pa.array([_spelled(value) for value in found.to_pylist()], pa.string())])
        return pc.utf8_trim_whitespace(pc.cast(found, pa.string()))

    def _filled(self, column: str, found: pa.ChunkedArray) -> pa.ChunkedArray:
        """The same column, when every row has a value."""
        missing = found.is_null(nan_is_null=True)
        if _is_text(found.type):
            missing = pc.or_(missing, pc.fill_null(pc.equal(found, ""), True))
        if empty := pc.sum(missing).as_py():
            first = missing.index(True).as_py() + 1
            what = f"{empty:,} of {len(self):,} rows have no {column!r}, first row {first:,}"
            raise InputError(what, where=self.where, fix="drop them or write 'unknown'")
        return found

    def _parsed(self, column: str, text: pa.ChunkedArray) -> pa.ChunkedArray:
        fits = pc.match_substring_regex(text, NUMBER)
        if (row := fits.index(False).as_py()) >= 0:
            what = f"column {column!r} is not numeric: row {row + 1:,} holds {text[row].as_py()!r}"
            raise InputError(what, where=self.where, fix="declare it categorical, or mend the cell")
        return pc.cast(pc.utf8_ltrim(text, "+"), pa.float64())

    def _in_32_bits(self, column: str, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """The numbers as the model takes them; two whole numbers never become one."""
        found = values.astype(np.float32)
        whole = np.unique(values[(values == np.rint(values)) & np.isfinite(values)])
        same = np.flatnonzero(np.diff(whole.astype(np.float32)) == 0)
        if same.size:
            first, second = whole[same[0] : same[0] + 2]
            what = (
                f"column {column!r} holds whole numbers that are one in 32 bits, such as {first:.0f} and {second:.0f}"
            )
            raise InputError(what, where=self.where, fix="declare it categorical, or subtract an origin from it")
        return found


def read_table(path: Path) -> Table:
    """A table from a ``.csv`` or ``.parquet`` file, or from a folder of Parquet files.

    Raises:
        InputError: The file cannot be read, has no rows, or has a row with more cells than the header.
    """
    parquet = path.suffix.lower() == ".parquet" or path.is_dir()
    try:
        columns = _read_parquet(path) if parquet else _read_csv(path)
    except (ValueError, OSError, pa.ArrowException, pd.errors.ParserWarning) as error:
        raise InputError(f"cannot be read as a table: {error}", where=str(path), fix="give CSV or Parquet") from error
    if not columns.num_rows:
        raise InputError("the table has no rows", where=str(path))
    return Table(columns, str(path))


def _read_parquet(path: Path) -> pa.Table:
    return pq.read_table(path) if path.is_dir() else pq.ParquetFile(path).read()


def _read_csv(path: Path) -> pa.Table:
    """The cells as they are written, every column text."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        cells = pd.read_csv(path, header=None, index_col=False, dtype=str, keep_default_na=False, skipinitialspace=True)
    header, rows = cells.iloc[0], cells.iloc[1:]
    arrays = [pa.array(rows[place], pa.string()) for place in rows]
    return pa.table(arrays, names=[str(name).strip() for name in header])


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)


def _is_exact(kind: pa.DataType) -> bool:
    return pa.types.is_decimal(kind) or pa.types.is_boolean(kind)


def _spelled(value: float | None) -> str | None:
    return None if value is None or value != value else repr(float(value))
