"""Parquet: a file, or a folder of files whose subfolders may be named ``column=value``."""

# pyright: reportUnknownParameterType=false
# (pyarrow has no types)

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pyarrow as pa
import pyarrow.parquet as pq

from biasgate.data.tables.part import ROWS, Part
from biasgate.errors import InputError

SUFFIX = ".parquet"
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_DAMAGED = (OSError, pa.ArrowException, ValueError)


@dataclass(frozen=True)
class ParquetPart(Part):
    """One Parquet file.

    Attributes:
        written: The columns' names as they are written in the file.
        folders: Columns that the names of its folders give, with the value that they have in this file.
    """

    counted: ClassVar[bool] = True
    written: tuple[str, ...] = ()
    folders: dict[str, str | None] = field(default_factory=dict[str, str | None])

    def batches(self, columns: Sequence[str]) -> Iterator[list[pa.Array]]:
        """Row group after row group; see ``Part.batches``."""
        inside = [self.written[self.place(name)] for name in columns if name not in self.folders]
        try:
            file = pq.ParquetFile(self.path)
            for batch in file.iter_batches(ROWS, columns=inside or self.written[:1]):
                batch.validate(full=True)
                yield [self._column(batch, name) for name in columns]
        except _DAMAGED as error:
            raise _unreadable(self.path) from error

    def _column(self, batch: Any, name: str) -> pa.Array:
        if name in self.folders:
            return pa.array([self.folders[name]] * batch.num_rows, pa.string())
        return batch.column(self.written[self.place(name)])


def parquet_part(path: Path, *, root: Path) -> ParquetPart:
    """A Parquet file, of which the header is read.

    Args:
        path: The file.
        root: The table: the file, or the folder below which the names of folders may give columns.

    Raises:
        InputError: It is damaged or no Parquet.
    """
    try:
        about = pq.ParquetFile(path)
        written, rows = tuple(about.schema_arrow.names), about.metadata.num_rows
    except _DAMAGED as error:
        raise _unreadable(path) from error
    folders = dict(_value(part) for part in path.relative_to(root).parts[:-1] if "=" in part)
    names = (*(name.strip() for name in written), *folders)
    return ParquetPart(path=path, names=names, rows=rows, written=written, folders=folders)


def _value(folder: str) -> tuple[str, str | None]:
    name, value = folder.split("=", maxsplit=1)
    return unquote(name), None if value == _NO_VALUE else unquote(value)


def _unreadable(path: Path) -> InputError:
    return InputError(
        "cannot be read as a table: it is no Parquet file, or damaged", where=str(path), fix="write it again"
    )
