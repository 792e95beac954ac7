"""CSV and its kin: text files with a header line, every cell of which is read as it is written."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from biasgate.data.tables.part import ROWS, Part
from biasgate.errors import InputError

SUFFIXES = (".csv", ".tsv")
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_GZIP = b"\x1f\x8b"
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = ",;\t|"


@dataclass(frozen=True)
class Layout:
    """How a text file is written.

    Attributes:
        encoding: How characters are written as bytes, by Python's name.
        separator: What stands between cells.
        decimal: What stands before the fraction of a number.
    """

    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."


@dataclass(frozen=True)
class DelimitedPart(Part):
    """One text file.

    Attributes:
        layout: How it is written.
    """

    layout: Layout = Layout()

    def batches(self, columns: Sequence[str]) -> Iterator[list[pa.Array]]:
        """Every column is text; see ``Part.batches``."""
        places = [self.place(name) for name in columns]
        with _explained(self.path, self.layout, cells=len(self.names)):
            for cells in _cells(self.path, self.layout, chunksize=ROWS):
                rows = cells.iloc[1:] if cells.index[0] == 0 else cells
                yield [pa.array(rows[place], pa.string()) for place in places]


def delimited_part(path: Path, layout: Layout) -> DelimitedPart:
    """A text file, of which the header is read.

    Raises:
        InputError: It is empty, or not in the layout's encoding.
    """
    with _explained(path, layout, cells=None):
        header = _cells(path, layout, nrows=1).iloc[0]
    names = tuple(str(name).strip() for name in header)
    if any("\0" in name for name in names):
        raise _wrong_encoding(path, layout)
    if len(names) == 1 and (other := next((mark for mark in _SEPARATORS if mark in names[0]), None)):
        raise InputError(
            f"the header is one column, {names[0]!r}", where=str(path), fix=f"say what separates: {_said(other)}"
        )
    return DelimitedPart(path=path, names=names, rows=_estimated_rows(path), layout=layout)


def _said(separator: str) -> str:
    return f'separator: "{separator}"'.replace("\t", "\\t")


def _cells(path: Path, layout: Layout, **more: Any) -> Any:
    """The cells as text, the header's among them; a frame, or an iterator of frames."""
    return pd.read_csv(
        path,
        header=None,
        index_col=False,
        dtype=str,
        keep_default_na=False,
        skipinitialspace=True,
        sep=layout.separator,
        encoding=layout.encoding,
        **more,
    )


def _estimated_rows(path: Path) -> int | None:
    """From the length of the first lines; of a compressed file None."""
    if path.suffix.lower() in COMPRESSED:
        return None
    with path.open("rb") as file:
        start = file.read(2**16)
    return max(1, path.stat().st_size * start.count(b"\n") // max(1, len(start)))


@contextmanager
def _explained(path: Path, layout: Layout, *, cells: int | None) -> Generator[None]:
    """What pandas says of a file that it cannot read, in a sentence."""
    try:
        yield
    except UnicodeError as error:
        raise _wrong_encoding(path, layout) from error
    except LookupError as error:
        raise InputError(
            f"no encoding {layout.encoding!r}", where=str(path), fix="give utf-8, latin-1 or the like"
        ) from error
    except (ValueError, OSError, EOFError) as error:
        raise InputError(
            f"cannot be read as a table: {_fault(str(error), cells)}", where=str(path), fix=_FIX
        ) from error


_FIX = "mend the file, or write it again with a header line and one cell a column"


def _fault(error: str, cells: int | None) -> str:
    if found := re.search(r"in line (\d+), saw (\d+)", error):
        return f"line {int(found[1]):,} has {found[2]} cells, and the header {cells}"
    if found := re.search(r"EOF inside string starting at row (\d+)", error):
        return f"a quote opened in line {int(found[1]) + 1:,} is never closed"
    if "No columns" in error:
        return "it is empty"
    return "it is damaged, or no text"


def _wrong_encoding(path: Path, layout: Layout) -> InputError:
    with path.open("rb") as file:
        start = file.read(2)
    fix = "say how it is written, such as `encoding: latin-1`"
    if start in _MARKS or b"\0" in start:
        fix = "say `encoding: utf-16`"
    elif start == _GZIP:
        fix = "it is compressed: end its name in .csv.gz"
    return InputError(f"is not written in {layout.encoding}", where=str(path), fix=fix)
