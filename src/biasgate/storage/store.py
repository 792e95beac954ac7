"""One way to read, publish and list bytes, whether on a local path or under an ``s3://bucket/key`` URI.

Every function raises ``InputError`` for what is missing, too large or cannot be written here, and ``ServiceError``
when S3 is out of reach or refuses. S3 transfers carry boto3's checksums and are retried a bounded number of times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from biasgate.errors import InputError
from biasgate.extras import needs
from biasgate.storage import local, s3

AHEAD = 256
"""How many objects of many are read, several at once, before the first of them must be taken."""


def is_remote(uri: str) -> bool:
    """Whether a URI lies in S3 rather than on a local path."""
    return uri.startswith(s3.SCHEME)


def join(uri: str, *parts: str) -> str:
    """The URI of what lies under ``uri``, parts joined by single slashes."""
    return "/".join([uri.rstrip("/"), *(part.strip("/") for part in parts)])


def read_bytes(uri: str, *, limit: int | None = None) -> bytes:
    """All bytes at a URI.

    Args:
        uri: A file or an object.
        limit: Largest size in bytes; a larger one is refused before it is read.
    """
    return _backend(uri).read_bytes(uri, limit=limit)


def read_each(uris: Sequence[str], *, limit: int) -> Iterator[bytes]:
    """The bytes at each of many URIs, in order; S3 is asked for several at once, and no more than those are held.

    Args:
        uris: Files or objects, all local or all remote.
        limit: Largest size of one, in bytes.
    """
    if not uris or not is_remote(uris[0]):
        yield from (read_bytes(uri, limit=limit) for uri in uris)
        return
    with ThreadPoolExecutor(s3.CONNECTIONS) as pool:
        for start in range(0, len(uris), AHEAD):
            yield from pool.map(partial(read_bytes, limit=limit), uris[start : start + AHEAD])


def write_bytes(uri: str, data: bytes) -> None:
    """Publishes bytes at a URI in one step, replacing what was there: no reader sees half of them."""
    _backend(uri).write_bytes(uri, data)


def put_if_absent(uri: str, data: bytes) -> bool:
    """Publishes bytes unless something is there; of any number of racing writers one gets True.

    Returns:
        False when the name is taken. After a lost answer and a retry the taker may be this very call: where that
        matters, compare the bytes that are there.
    """
    return _backend(uri).put_if_absent(uri, data)


def exists(uri: str) -> bool:
    """Whether a file or an object is there; a folder alone is none."""
    return _backend(uri).exists(uri)


def list_uris(uri: str, *, after: str = "") -> list[str]:
    """The URIs of all files under a folder or prefix, its subfolders included, sorted; empty when there is none.

    Args:
        uri: The folder or prefix.
        after: A URI under it: only those that sort after it are listed, which spares S3 the pages before.
    """
    return _backend(uri).list_uris(uri, after=after)


def list_names(uri: str) -> list[str]:
    """The same files by their paths below the folder or prefix, however that is written."""
    return [_relative(found, uri) for found in list_uris(uri)]


def download(uri: str, target: Path) -> Path:
    """Copies a file, or all files under a folder or prefix, to a local path.

    Args:
        uri: A file or object, or a folder or prefix of them.
        target: For a file: its new path, or a folder that exists and gets it under its own name. For a folder: the
            folder that gets all of it.

    Returns:
        The path of the copied file or folder.

    Raises:
        InputError: Nothing is there, or a key points out of ``target``.
    """
    backend = _backend(uri)
    if not uri.endswith("/") and backend.exists(uri):
        path = target / uri.rsplit("/", 1)[-1] if target.is_dir() else target
        backend.download_file(uri, path)
        return path
    found = backend.list_uris(uri, after="")
    if not found:
        raise InputError("nothing is there", where=uri, fix="check the URI")
    pairs = [(source, _inside(target, _relative(source, uri))) for source in found]
    for source, path in pairs:
        backend.download_file(source, path)
    return target


def upload(path: Path, uri: str) -> None:
    """Copies a local file to a URI, or all files of a folder under it, in sorted order.

    Raises:
        InputError: Nothing is there, or a symbolic link leaves the folder.
    """
    backend = _backend(uri)
    if path.is_file():
        backend.upload_file(path, uri)
        return
    found = local.list_uris(str(path), after="")
    if not found:
        raise InputError("no file to upload", where=str(path), fix="check the path")
    for source in found:
        backend.upload_file(Path(source), join(uri, _relative(source, str(path))))


def _backend(uri: str):  # the union of two modules has no name, so its type is left to inference
    """The module that serves a URI's scheme."""
    if is_remote(uri):
        needs("boto3")
        return s3
    if "://" in uri:
        raise InputError("unknown scheme", where=uri, fix="use a local path or s3://bucket/key")
    return local


def _relative(uri: str, folder: str) -> str:
    """The part of a listed URI below its folder."""
    return uri.removeprefix(folder.rstrip("/")).lstrip("/") if is_remote(uri) else str(Path(uri).relative_to(folder))


def _inside(folder: Path, relative: str) -> Path:
    """A path below ``folder``, or ``InputError`` when it would escape."""
    path = folder / relative
    if not path.resolve().is_relative_to(folder.resolve()):
        raise InputError("a key points out of the download folder", where=relative, fix="rename or remove it")
    return path
