"""Cells of one column: as text, to the letter, or as numbers; nothing else is converted.

Blanks around a cell are no part of it. A cell without any character is missing, and so is a NaN of a column of numbers.
``007`` and ``7`` are two persons, ``NA`` and ``None`` are values.
"""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow has no types, and makes its functions when it is imported)

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from biasgate.errors import InputError

_DIGITS = r"(?:[0-9]+{mark}?[0-9]*|{mark}[0-9]+)(?:[eE][+-]?[0-9]+)?"
NUMBER = rf"^[+-]?(?:{_DIGITS}|inf|Inf|INF)$|^(?:nan|NaN)$"
"""Text that a column of numbers may hold, but for the decimal mark."""
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")


@dataclass(frozen=True)
class Cells:
    """Rows of one column of one file.

    Attributes:
        values: As the file holds them.
        column: The column's name.
        where: The file.
        first: Rows of the file before these.
        width: Values that a row has.
    """

    values: pa.Array
    column: str
    where: str
    first: int
    width: int = 1

    def row(self, place: int) -> int:
        """The row of the file that a value stands in, from 1."""
        return self.first + place // self.width + 1

    def lengths(self) -> set[int]:
        """How many numbers the lists have; none where the column holds no lists of numbers."""
        found = _plain(self.values)
        if not _is_lists(found.type):
            return set()
        return set(pc.fill_null(pc.list_value_length(found), 0).unique().to_pylist())

    def entries(self, width: int) -> Cells:
        """The numbers of lists, which all have one length, one behind the other.

        Raises:
            InputError: The column holds no lists of numbers, or one has another length or a gap.
        """
        found = _plain(self.values)
        if not _is_lists(found.type):
            fix = "declare it numeric or categorical; lists of numbers are what Parquet keeps as lists"
            raise self.refused(f"holds {found.type}, not lists of numbers", fix=fix)
        lengths = pc.fill_null(pc.list_value_length(found), 0).to_numpy()
        if (other := np.flatnonzero(lengths != width)).size:
            row, length = self.row(other[0]), lengths[other[0]]
            what = f"is declared as lists of {width:,} numbers, and row {row:,} has {length:,}"
            raise self.refused(what, fix="pad or cut them to one length where the table is made")
        flat = Cells(found.flatten(), self.column, self.where, self.first, width)
        if (gap := pc.is_null(flat.values, nan_is_null=True).index(True).as_py()) >= 0:
            raise self.refused(f"has a gap in the list of row {flat.row(gap):,}", fix="pad lists with a number")
        return flat

    def text(self) -> pa.DictionaryArray:
        """As text; whole numbers in digits, truth as ``true`` and ``false``, dates by ISO 8601; null where missing.

        Raises:
            InputError: The column holds lists, structures, bytes or durations.
        """
        found = _plain(self.values)
        kind = found.type
        if not (_is_text(kind) or _is_exact(kind) or pa.types.is_primitive(kind)) or pa.types.is_duration(kind):
            raise self.refused(f"holds {kind}, not text", fix="write it as text")
        if pa.types.is_float16(kind):
            found = _spelled(found)
        coded = found.dictionary_encode()
        values = coded.dictionary
        spelled = _spelled(values) if pa.types.is_floating(values.type) else self._cast(values, pa.string())
        if pc.any(pc.match_substring(spelled, "\0")).as_py():
            raise self.refused("holds a character NUL, which is no text", fix="take it out")
        trimmed = pc.utf8_trim_whitespace(spelled)
        names = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
        return names.take(coded.indices).dictionary_encode()

    def numbers(self, *, decimal: str) -> NDArray[np.float64]:
        """As numbers ``[n]``; NaN where missing.

        Args:
            decimal: What stands before the fraction, in text.

        Raises:
            InputError: A cell is no decimal number or infinite, the column holds dates or the like, or numbers so large
                or small that 64 bits do not hold them.
        """
        found = _plain(self.values)
        if _is_text(found.type):
            found = self._parsed(self._cast(found, pa.string()), decimal)
        elif not (_is_number(found.type) or _is_exact(found.type)):
            nested = pa.types.is_nested(found.type)
            as_text, in_parts = "declare it categorical, or keep it as an attribute", "write its parts as columns"
            fix = f"{in_parts}; declare lists of numbers under `lists`" if nested else as_text
            raise self.refused(f"holds {found.type}, not numbers", fix=fix)
        values = self._cast(found, pa.float64(), safe=False).to_numpy(zero_copy_only=False)
        if (endless := np.flatnonzero(np.isinf(values))).size:
            what = f"is infinite in row {self.row(endless[0]):,}"
            raise self.refused(what, fix="drop the row, or mend the cell")
        self._check_whole(found, values)
        self._check_small(found, values)
        return values

    def _parsed(self, text: pa.Array, decimal: str) -> pa.Array:
        trimmed = pc.utf8_trim_whitespace(text)
        trimmed = pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)
        fits = pc.match_substring_regex(trimmed, NUMBER.replace("{mark}", rf"\{decimal}"))
        if (row := fits.index(False).as_py()) >= 0:
            what = f"is not numeric: row {self.row(row):,} holds {trimmed[row].as_py()!r}"
            raise self.refused(what, fix="declare it categorical, or mend the cell")
        plain = pc.utf8_ltrim(trimmed, "+")
        return plain if decimal == "." else pc.replace_substring(plain, decimal, ".")

    def _check_whole(self, found: pa.Array, values: NDArray[np.float64]) -> None:
        """Refuses whole numbers that are not what they were."""
        wide = np.flatnonzero(np.abs(values) >= 2.0**53)
        if not wide.size or pa.types.is_floating(found.type):
            return
        for row in wide.tolist():
            written = found[row].as_py()
            if _WHOLE.fullmatch(str(written)) and int(str(written).partition(".")[0]) != int(values[row]):
                what = f"holds whole numbers beyond 2^53, such as {written} in row {self.row(row):,}"
                raise self.refused(what, fix="declare it categorical, or subtract an origin from it")

    def _check_small(self, found: pa.Array, values: NDArray[np.float64]) -> None:
        """Refuses text of numbers so small that 64 bits hold them only as 0."""
        zeros = np.flatnonzero(values == 0)
        if not zeros.size or not _is_text(found.type):
            return
        written = pc.unique(found.take(pa.array(zeros)))
        lost = pc.match_substring_regex(written, r"^-?[0.]*[1-9]").index(True).as_py()
        if lost >= 0:
            what = f"holds numbers that 64 bits hold only as 0, such as {written[lost].as_py()}"
            raise self.refused(what, fix="scale it up, or take its logarithm")

    def _cast(self, found: pa.Array, kind: pa.DataType, *, safe: bool = True) -> pa.Array:
        try:
            return pc.cast(found, kind, safe=safe)
        except (pa.ArrowException, UnicodeError) as error:
            raise self.refused(f"holds {found.type} that cannot be read", fix="write it as text") from error

    def refused(self, what: str, *, fix: str) -> InputError:
        """What is wrong with the column."""
        return InputError(f"column {self.column!r} {what}", where=self.where, fix=fix)


def _plain(values: pa.Array) -> pa.Array:
    """Without the codes that some columns are stored in."""
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_run_end_encoded(values.type):
        values = pc.run_end_decode(values)
    return values


def _is_text(kind: pa.DataType) -> bool:
    views = pa.types.is_string_view(kind)
    return views or pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_lists(kind: pa.DataType) -> bool:
    kinds = pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list
    return any(fits(kind) for fits in kinds) and _is_number(kind.value_type)


def _is_exact(kind: pa.DataType) -> bool:
    return pa.types.is_decimal(kind) or pa.types.is_boolean(kind)


def _spelled(values: pa.Array) -> pa.Array:
    """Numbers with a fraction in the fewest digits that tell them from all others of their width."""
    found = values.to_numpy(zero_copy_only=False)
    return pa.array([None if np.isnan(value) else str(value) for value in found], pa.string())
