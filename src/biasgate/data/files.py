"""The files of a data set, wherever they lie."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from biasgate.documents import Document, sha256
from biasgate.errors import InputError
from biasgate.storage import store


class File(Document):
    """A file, and what it must contain.

    Attributes:
        uri: Local path or ``s3://`` URI; of a table also a local folder of Parquet files.
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
        if self.sha256 is None and Path(self.uri).is_dir():
            return Path(self.uri)
        if not store.exists(self.uri):
            fix = "biasgate downloads no data set; docs/how-to/data.md says where each is obtained"
            raise InputError("the file is not there", where=self.uri, fix=fix)
        path = Path(self.uri)
        if store.is_remote(self.uri):
            folder.mkdir(parents=True, exist_ok=True)
            path = store.download(self.uri, folder)
        if self.sha256 and (found := sha256(path.read_bytes())) != self.sha256:
            raise InputError(f"its digest is {found}, not {self.sha256}", where=self.uri, fix="fetch the right file")
        return path


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
