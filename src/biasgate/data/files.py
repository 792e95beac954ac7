"""The files of a data set, wherever they lie."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from pydantic import Field

from biasgate.data.tables.delimited import Layout
from biasgate.data.tables.read import read_table
from biasgate.data.tables.table import Table
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.storage import store


class File(Document):
    """A file, and what it must contain.

    Attributes:
        uri: Local path or ``s3://`` URI.
        sha256: Digest that the file must have; without it any content is taken.
    """

    uri: str
    sha256: str | None = Field(default=None, pattern=r"^sha256:[0-9a-f]{64}$")

    def fetch(self, folder: Path) -> Path:
        """The local path of the file, its digest verified when one is declared.

        Args:
            folder: Takes the copy of a remote file.

        Raises:
            InputError: The file is not there, or its digest is another.
            ServiceError: S3 is out of reach.
        """
        if not store.exists(self.uri):
            fix = "biasgate downloads no data set; docs/how-to/data.md says where each is obtained"
            raise InputError("the file is not there", where=self.uri, fix=fix)
        path = Path(self.uri)
        if store.is_remote(self.uri):
            folder.mkdir(parents=True, exist_ok=True)
            path = store.download(self.uri, folder)
        if self.sha256 and (found := _digest(path)) != self.sha256:
            raise InputError(f"its digest is {found}, not {self.sha256}", where=self.uri, fix="fetch the right file")
        return path


def _digest(path: Path) -> str:
    """The digest of a file, of which only a piece is in memory at a time."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


class TabularFile(File):
    """A table: CSV or Parquet, or a folder of files of one of the two, the files in the order of their names.

    Attributes:
        uri: Local path or ``s3://`` URI of a file or folder.
        encoding: How a CSV file writes characters, such as ``latin-1``; ``utf-8`` when absent.
        separator: What stands between its cells, such as ``;``; a comma when absent.
        decimal: What stands before the fraction of its numbers; a point when absent.
    """

    encoding: str | None = Field(default=None, min_length=1)
    separator: str | None = Field(default=None, min_length=1, max_length=1)
    decimal: Literal[".", ","] | None = None

    def fetch(self, folder: Path) -> Path:
        """The local path of the file or folder; see ``File.fetch``."""
        local = not store.is_remote(self.uri)
        if Path(self.uri).is_dir() if local else not store.exists(self.uri) and store.list_uris(self.uri):
            if self.sha256:
                raise InputError("a folder has no sha256", where=self.uri, fix="leave it out, or give one file")
            return fetch_folder(self.uri, folder)
        return super().fetch(folder)

    def layout(self) -> Layout:
        """How it is written, where it is CSV."""
        given = self.model_dump(include={"encoding", "separator", "decimal"}, exclude_none=True)
        return Layout(**given)

    def table(
        self, folder: Path, *, most: int | None = None, lists: Mapping[str, int] | None = None, **columns: Sequence[str]
    ) -> Table:
        """Some of its columns; see ``read_table``.

        Args:
            folder: Takes the copy of a remote table.
            most: Rows that it may have, where these are fewer than for any table.
            lists: Columns of lists, with their length.
            columns: As ``read_table`` has them.
        """
        found = read_table(self.fetch(folder), layout=self.layout(), most=most, lists=lists, **columns)
        return replace(found, where=self.uri)


def fetch_folder(uri: str, folder: Path) -> Path:
    """The local path of a folder: itself, or its copy in ``folder`` when it is remote."""
    return Path(store.download(uri, folder)) if store.is_remote(uri) else Path(uri)


def inside(folder: Path, entry: str) -> Path:
    """The path of a file that a table lists.

    Raises:
        InputError: It leaves the folder.
    """
    path = folder / entry
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError("the path leaves the image folder", where=entry, fix="list files within the folder")
    return path
