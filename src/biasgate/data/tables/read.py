"""``read_table``: from files to columns, some thousands of rows at a time."""

# pyright: reportUnknownParameterType=false, reportAttributeAccessIssue=false
# (pyarrow has no types, and makes its functions when it is imported)

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from biasgate.data.tables.cells import Cells
from biasgate.data.tables.delimited import COMPRESSED, SUFFIXES, Layout, delimited_part
from biasgate.data.tables.parquet import SUFFIX, parquet_part
from biasgate.data.tables.part import Part
from biasgate.data.tables.table import Table, Text
from biasgate.errors import InputError
from biasgate.progress import progress

FOREIGN = (".xlsx", ".xls", ".ods", ".json", ".jsonl", ".feather", ".arrow", ".orc", ".pkl", ".npy", ".npz", ".zip")
"""What tables also come in, and is not read."""
MOST_ROWS = 100_000_000
"""More rows than this are no table of people, but a file that unpacks without end."""
EXACT = 2.0**24
"""From here on not every whole number is one of 32 bits."""


def read_table(
    path: Path,
    *,
    text: Sequence[str] | None = (),
    exact: Sequence[str] = (),
    narrow: Sequence[str] = (),
    lists: Mapping[str, int] | None = None,
    layout: Layout | None = None,
    most: int | None = None,
) -> Table:
    """Columns of a CSV or Parquet file, or of all files of a folder, in the order of their names.

    What is kept of a row is 4 bytes a column, 8 of exact numbers, and each text that occurs once.

    Args:
        path: A file (see ``table_parts``), or a folder of files of one kind.
        text: Columns to be read as text; None reads all.
        exact: Columns to be read as numbers of 64 bits.
        narrow: Columns to be read as numbers of 32 bits, as models take them.
        lists: Columns to be read as lists of so many numbers of 32 bits.
        layout: How a text file is written.
        most: Rows that it may have; ``MOST_ROWS`` by default.

    Raises:
        InputError: The file cannot be read, has no rows or over ``most``; a column is absent, stands twice, or
            holds what is not asked for; or numbers are so large that two of them are one in 32 bits, or so small
            that they are 0 there.
    """
    layout, most = layout or Layout(), MOST_ROWS if most is None else most
    parts = table_parts(path, layout)
    texts = {name: _TextColumn() for name in (parts[0].names if text is None else text)}
    numbers = {name: _Numbers(layout.decimal) for name in exact}
    features = {name: _Features(layout.decimal) for name in narrow}
    listed = {name: _Lists(width, layout.decimal) for name, width in (lists or {}).items()}
    columns = [*texts.items(), *numbers.items(), *features.items(), *listed.items()]
    rows = _fill(parts, columns, path=path, most=most)
    if not rows:
        raise InputError("the table has no rows", where=str(path), fix="check the file")
    return Table(
        where=str(path),
        names=parts[0].names,
        rows=rows,
        texts={name: column.read() for name, column in texts.items()},
        exact={name: column.read() for name, column in numbers.items()},
        narrow={name: column.read() for name, column in features.items()},
        lists={name: column.read() for name, column in listed.items()},
    )


def table_parts(path: Path, layout: Layout) -> Sequence[Part]:
    """The files of a table: a Parquet file, a text file of any name, or all of one kind in a folder, in order.

    In a folder names tell what a file is; those that begin with ``.`` or ``_``, as writers of tables hide theirs, and
    folders named so are left out.

    Raises:
        InputError: There is none, it is of another kind, the folder holds both kinds, or a file cannot be read.
    """
    if path.suffix.lower() in FOREIGN:
        raise InputError("neither CSV nor Parquet", where=str(path), fix="write the table as one of the two")
    files = sorted(_visible(path)) if path.is_dir() else [path]
    parquet = [file for file in files if file.suffix.lower() == SUFFIX]
    text = [file for file in files if _is_text(file)] if path.is_dir() else [file for file in files if not parquet]
    if parquet and text:
        what = f"the folder holds both Parquet and CSV, such as {parquet[0].name} and {text[0].name}"
        raise InputError(what, where=str(path), fix="keep the files of one table, all of one kind, in it")
    if not parquet and not text:
        raise InputError("the folder holds no table", where=str(path), fix="give a folder of .parquet or .csv files")
    return [parquet_part(file, root=path) for file in parquet] or [delimited_part(file, layout) for file in text]


def _is_text(path: Path) -> bool:
    packed = path.suffix.lower() in COMPRESSED
    return (path.with_suffix("") if packed else path).suffix.lower() in SUFFIXES


def _visible(folder: Path) -> Iterator[Path]:
    """The files of a folder and its subfolders but those that are hidden; ``_site=north`` is a column's name."""
    for file in folder.rglob("*"):
        hidden = any(part.startswith(("_", ".")) and "=" not in part for part in file.relative_to(folder).parts)
        if file.is_file() and not hidden:
            yield file


def _fill(parts: Sequence[Part], columns: Sequence[tuple[str, _Column]], *, path: Path, most: int) -> int:
    """Reads every row into the columns; how many there were."""
    names = list(dict.fromkeys(name for name, _ in columns)) or [parts[0].names[0]]
    _refuse_more(sum(part.rows or 0 for part in parts if part.counted), path, most)
    known = [part.rows for part in parts]
    total = None if None in known else sum(rows or 0 for rows in known)
    counted = all(part.counted for part in parts)
    read = 0
    with progress(f"reading {path.name}", total=total, unit="rows", estimated=not counted) as advance:
        for part in parts:
            first = 0
            for batch in part.batches(names):
                cells = dict(zip(names, batch, strict=True))
                for name, column in columns:
                    column.add(Cells(cells[name], name, where=str(part.path), first=first))
                first += len(batch[0])
                _refuse_more(read + first, path, most)
                advance(len(batch[0]))
            read += first
    return read


def _refuse_more(rows: int, path: Path, most: int) -> None:
    if rows > most:
        raise InputError(f"the table has over {most:,} rows", where=str(path), fix="draw a sample of it")


class _Column:
    """Takes the cells of one column."""

    @abstractmethod
    def add(self, cells: Cells) -> None:
        """Some rows more."""


class _TextColumn(_Column):
    def __init__(self) -> None:
        self._found: list[pa.DictionaryArray] = []

    def add(self, cells: Cells) -> None:
        self._found.append(cells.text())

    def read(self) -> Text:
        """All rows, their values sorted."""
        whole = pa.chunked_array(self._found).unify_dictionaries().combine_chunks()
        self._found.clear()
        order = pc.sort_indices(whole.dictionary)
        ranks = np.empty(len(order), dtype=np.int32)
        ranks[order.to_numpy()] = np.arange(len(order), dtype=np.int32)
        codes = pc.fill_null(whole.indices, -1).to_numpy()
        return Text(whole.dictionary.take(order), np.append(ranks, np.int32(-1))[codes])


class _Numbers(_Column):
    def __init__(self, decimal: str) -> None:
        self._decimal = decimal
        self._found: list[NDArray[np.float64]] = []

    def add(self, cells: Cells) -> None:
        self._found.append(cells.numbers(decimal=self._decimal))

    def read(self) -> NDArray[np.float64]:
        """All rows."""
        return _joined(self._found)


class _Features(_Column):
    def __init__(self, decimal: str) -> None:
        self._decimal = decimal
        self._found: list[NDArray[np.float32]] = []
        self._large = np.empty(0)

    def add(self, cells: Cells) -> None:
        values = cells.numbers(decimal=self._decimal)
        self._check(values, cells)
        found = values.astype(np.float32)
        if (lost := np.flatnonzero((found == 0) & (values != 0))).size:
            what = f"holds numbers that are 0 in 32 bits, such as {values[lost[0]]:g} in row {cells.row(lost[0]):,}"
            raise cells.refused(what, fix="scale it up, or take its logarithm")
        self._found.append(found)

    def read(self) -> NDArray[np.float32]:
        """All rows."""
        return _joined(self._found)

    def _check(self, values: NDArray[np.float64], cells: Cells) -> None:
        """Numbers that differ by one or more never become one."""
        large = values[np.abs(values) > EXACT]
        if not large.size:
            return
        self._large = np.unique(np.concatenate([self._large, large]))
        limit = float(np.finfo(np.float32).max)
        if np.abs(self._large).max() > limit:
            raise cells.refused(f"holds numbers beyond {limit:.2g}, the largest of 32 bits", fix="scale it down")
        same = np.flatnonzero((np.diff(self._large.astype(np.float32)) == 0) & (np.diff(self._large) >= 1))
        if same.size:
            first, second = (f"{value:.17g}" for value in self._large[same[0] : same[0] + 2])
            what = f"holds numbers that are one in 32 bits, such as {first} and {second}"
            raise cells.refused(what, fix="declare it categorical, or subtract an origin from it")


class _Lists(_Column):
    def __init__(self, width: int, decimal: str) -> None:
        self._width = width
        self._numbers = _Features(decimal)

    def add(self, cells: Cells) -> None:
        self._numbers.add(cells.entries(self._width))

    def read(self) -> NDArray[np.float32]:
        """All rows ``[n, width]``."""
        return self._numbers.read().reshape(-1, self._width)


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """The parts as one, which are given up one after the other."""
    whole = np.empty(sum(map(len, parts)), dtype=parts[0].dtype)
    first = 0
    for place, part in enumerate(parts):
        whole[first : first + len(part)] = part
        first += len(part)
        parts[place] = part[:0].copy()
    return whole
