"""CSV and its kin: text files with a header line, every cell of which is read as it is written."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import io
import lzma
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import pyarrow as pa

from biasgate.data.tables.part import Part
from biasgate.errors import InputError

SUFFIXES = (".csv", ".tsv")
COMPRESSED = {
    ".gz": gzip.open,
    ".bz2": bz2.open,
    ".xz": lzma.open,
    ".zst": partial(pa.input_stream, compression="zstd"),
}
"""What opens a compressed file for reading its bytes."""
_DAMAGED = (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error)
_OTHER_KINDS = {
    b"\x1f\x8b": "it is compressed: end its name in .csv.gz",
    b"PAR1": "it is Parquet: end its name in .parquet",
    b"PK\x03\x04": "it is a spreadsheet or an archive: write it again as text",
}
"""What the first bytes of a file tell of it."""
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
"""Byte-order marks, and the encoding that takes each for what it is."""
_SEPARATORS = ",;\t|"
LINES = 2**13
"""Rows that are held as lists at a time: of more, the collector of garbage takes longer than the reading."""
_NEVER = '"\r\n'
_FIX = "mend the file, or write it again with a header line and one cell a column"


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
        with closing(_lines(self.path, self.layout)) as lines:
            next(lines)
            while rows := list(islice(lines, LINES)):
                yield [pa.array([row[place] for row in rows], pa.string()) for place in places]


def delimited_part(path: Path, layout: Layout) -> DelimitedPart:
    """A text file, of which the header is read.

    Raises:
        InputError: It is empty, or not in the layout's encoding.
    """
    with closing(_lines(path, layout)) as lines:
        names = tuple(name.strip() for name in next(lines, ()))
    if not names:
        raise _unreadable(path, "it is empty")
    if any("\0" in name for name in names):
        raise _wrong_encoding(path, layout, otherwise="take the characters NUL out of the header")
    if marked := _marked(names[0].encode(layout.encoding).removeprefix("".encode(layout.encoding))):
        what = f"the header as {layout.encoding} begins with a byte-order mark"
        again = codecs.lookup(marked) == codecs.lookup(layout.encoding)
        raise InputError(what, where=str(path), fix="take it off" if again else f"say `encoding: {marked}`")
    if len(names) == 1 and (other := next((mark for mark in _SEPARATORS if mark in names[0]), None)):
        raise InputError(
            f"the header is one column, {names[0]!r}", where=str(path), fix=f"say what separates: {_said(other)}"
        )
    return DelimitedPart(path=path, names=names, rows=_estimated_rows(path), layout=layout)


def _said(separator: str) -> str:
    return f'separator: "{separator}"'.replace("\t", "\\t")


def _lines(path: Path, layout: Layout) -> Generator[list[str]]:
    """The header's cells, then those of each row, which are as many; lines of blanks are passed over.

    Raises:
        InputError: The file cannot be read, or a row has more or fewer cells than the header.
    """
    if layout.separator in _NEVER:
        what = f"{layout.separator!r} cannot separate cells"
        raise InputError(what, where=str(path), fix='give `separator: ";"` or the like')
    blanks = layout.separator != " "
    with _opened(path, layout) as file:
        reader = csv.reader(file, delimiter=layout.separator, skipinitialspace=blanks, strict=True)
        width, row, last = 0, 0, 0
        try:
            for cells in reader:
                last = reader.line_num
                if len(cells) < 2 and not "".join(cells).strip():
                    continue
                width = width or len(cells)
                if len(cells) != width:
                    said = "1 cell" if len(cells) == 1 else f"{len(cells)} cells"
                    raise _unreadable(path, f"row {row:,} in line {last:,} has {said}, and the header {width}")
                row += 1
                yield cells
        except csv.Error as error:
            raise _unreadable(path, _fault(str(error), begins=last + 1)) from error


@contextmanager
def _opened(path: Path, layout: Layout) -> Generator[io.TextIOWrapper]:
    """The file as text, and what goes wrong with it in a sentence."""
    try:
        utf_8 = codecs.lookup(layout.encoding).name == "utf-8"
        with COMPRESSED.get(path.suffix.lower(), partial(open, mode="rb"))(path) as raw:
            yield io.TextIOWrapper(raw, encoding="utf-8-sig" if utf_8 else layout.encoding, newline="")
    except UnicodeError as error:
        raise _wrong_encoding(path, layout) from error
    except LookupError as error:
        raise InputError(
            f"no encoding {layout.encoding!r}", where=str(path), fix="give utf-8, latin-1 or the like"
        ) from error
    except _DAMAGED as error:
        raise _unreadable(path, "it is damaged, or no text") from error


def _estimated_rows(path: Path) -> int | None:
    """From the length of the first lines; of a compressed file None."""
    if path.suffix.lower() in COMPRESSED:
        return None
    with path.open("rb") as file:
        start = file.read(2**16)
    return max(1, path.stat().st_size * start.count(b"\n") // max(1, len(start)))


def _fault(error: str, *, begins: int) -> str:
    """What ``csv`` says of a row that begins in some line."""
    if "unexpected end" in error:
        return f"a quote opened in line {begins:,} is never closed"
    if "field limit" in error:
        return (
            f"a cell in line {begins:,} has more than {csv.field_size_limit():,} characters: is a quote never closed?"
        )
    return f"a closing quote in line {begins:,} does not end its cell; a quote within a cell is written twice"


def _unreadable(path: Path, why: str) -> InputError:
    return InputError(f"cannot be read as a table: {why}", where=str(path), fix=_FIX)


def _wrong_encoding(
    path: Path, layout: Layout, *, otherwise: str = "say how it is written, such as `encoding: latin-1`"
) -> InputError:
    with path.open("rb") as file:
        start = file.read(4)
    kind = next((fix for first, fix in _OTHER_KINDS.items() if start.startswith(first)), None)
    marked = _marked(start) or ("utf-16" if b"\0" in start[:2] else None)
    if marked and codecs.lookup(marked) == codecs.lookup(layout.encoding):
        marked = f"{marked}-be"
    fix = kind or (f"say `encoding: {marked}`" if marked else otherwise)
    return InputError(f"is not written in {layout.encoding}", where=str(path), fix=fix)


def _marked(start: bytes) -> str | None:
    """The encoding whose byte-order mark these bytes begin with."""
    return next((name for mark, name in _MARKS.items() if start.startswith(mark)), None)
