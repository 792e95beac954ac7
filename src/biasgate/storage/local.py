"""Files on a local disk: published whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

from biasgate.errors import InputError

PARTIAL = ".partial-"
"""Prefix of the names of files that are still being written; they are never listed."""

_ADVICE = {
    errno.ENOENT: "check the path",
    errno.EACCES: "give this user the right to it",
    errno.EROFS: "choose a folder that can be written",
    errno.ENOSPC: "the disk is full; free some space or choose another disk",
    errno.EDQUOT: "the quota is used up; free some space or choose another disk",
}


@contextmanager
def explained(where: str) -> Generator[None]:
    """Turns the operating system's errors into an ``InputError`` that says what to do."""
    try:
        yield
    except OSError as error:
        what = (error.strerror or type(error).__name__).lower()
        raise InputError(what, where=where, fix=_ADVICE.get(error.errno or 0)) from error


def read_bytes(uri: str, *, limit: int | None) -> bytes:
    """The bytes of a regular file; see ``store.read_bytes``."""
    with explained(uri):
        descriptor = os.open(uri, os.O_RDONLY | os.O_NONBLOCK)  # a pipe would wait for its writer
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise InputError("not a regular file", where=uri, fix="name a file")
            if limit is not None and found.st_size > limit:
                raise InputError(f"{found.st_size:,} bytes, more than the {limit:,} allowed", where=uri)
            return _all(descriptor, found.st_size)
        finally:
            os.close(descriptor)


def _all(descriptor: int, size: int) -> bytes:
    """The first ``size`` bytes; the system may give them in pieces."""
    data = os.read(descriptor, size)
    while len(data) < size and (more := os.read(descriptor, size - len(data))):
        data += more
    return data


def write_bytes(uri: str, data: bytes) -> None:
    """Replaces the file in one step; see ``store.write_bytes``."""
    with explained(uri):
        _publish(Path(uri), lambda file: file.write(data), os.replace)


def put_if_absent(uri: str, data: bytes) -> bool:
    """Publishes with a hard link, which fails when the name is taken; see ``store.put_if_absent``."""
    with explained(uri):
        try:
            _publish(Path(uri), lambda file: file.write(data), os.link)
        except FileExistsError:
            if os.path.lexists(uri):
                return False
            raise
        return True


def exists(uri: str) -> bool:
    """Whether a regular file is there."""
    with explained(uri):
        return Path(uri).is_file()


def list_uris(uri: str, *, after: str) -> list[str]:
    """Every file under a folder, sorted; see ``store.list_uris``.

    Raises:
        InputError: A symbolic link leaves the folder, or a folder cannot be read.
    """
    start = str(Path(after)) if after else ""
    with explained(uri):
        return sorted(path for path in _files(str(Path(uri)), Path(uri).resolve()) if path > start)


def _files(folder: str, root: Path) -> Iterator[str]:
    """The paths of the files in a folder and those below; links to files count where they stay within ``root``."""
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as found:
        for entry in found:
            if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(root):
                raise InputError("a symbolic link leaves its folder", where=entry.path, fix="put the file itself there")
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path, root)
            elif entry.is_file() and not entry.name.startswith(PARTIAL):
                yield entry.path


def download_file(uri: str, path: Path) -> None:
    """Copies a file to ``path``."""
    with explained(uri), Path(uri).open("rb") as source:
        _publish(path, lambda file: shutil.copyfileobj(source, file), os.replace)


def upload_file(path: Path, uri: str) -> None:
    """Copies a file from ``path``."""
    download_file(str(path), Path(uri))


def _publish(path: Path, write: Callable[[IO[bytes]], object], commit: Callable[[Path, Path], None]) -> None:
    """Writes a hidden neighbour, syncs it, and only then gives it its name with ``commit``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(PARTIAL + uuid4().hex)
    try:
        with partial.open("xb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        commit(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes a new name survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
