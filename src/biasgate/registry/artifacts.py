"""Downloads from MLflow's artifact store: files only, within limits, from nowhere but where MLflow keeps them.

Whoever registers a version chooses the URI that its files are fetched from, with the rights of who fetches. So only
the registry's own store is asked: what its server keeps, its place in S3, or this disk when the database lies there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from biasgate.errors import CandidateError, ServiceError
from biasgate.registry.client import connect, explained

if TYPE_CHECKING:
    from mlflow.entities import FileInfo
    from mlflow.store.artifact.artifact_repo import ArtifactRepository
    from requests import Response

MOST_FILES = 200
"""Files and folders of one version."""
MOST_BYTES = 4_000_000_000
MOST_SECONDS = 1_800
"""What listing and fetching one version may take together."""
LONGEST_PATH = 500
_SERVED = "mlflow-artifacts:/"
_DEFAULT_EXPERIMENT = "0"
_CHUNK = 1 << 20


def download(uri: str, into: Path, *, tracking_uri: str) -> None:
    """Copies all files under an artifact URI into a folder.

    A listing can lie: paths and sizes are checked before a file is fetched, and no more bytes are taken than it lists.

    Raises:
        CandidateError: The URI lies elsewhere, a path leaves the folder, or there are too many files or bytes.
        ServiceError: MLflow is out of reach, a download broke off, or it took longer than ``MOST_SECONDS``.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    _check_place(uri, tracking_uri)
    ends = time.monotonic() + MOST_SECONDS
    with explained(uri):
        store = get_artifact_repository(uri, tracking_uri=tracking_uri)
        listed = list(_files(store, uri))
        if sum(size for _, size in listed) > MOST_BYTES:
            raise CandidateError(f"more than {MOST_BYTES:,} bytes", where=uri)
        for path, size in listed:
            target = into / path
            target.parent.mkdir(parents=True, exist_ok=True)
            _fetch(store, path, into, most=size, ends=ends, where=uri)
            if target.is_symlink() or target.stat().st_size > size:
                raise CandidateError(f"{path} is not what the artifact store listed", where=uri)
            if target.stat().st_size < size:
                raise ServiceError(f"the download of {path} broke off", where=uri, fix="try again")


def _fetch(store: ArtifactRepository, path: str, into: Path, *, most: int, ends: float, where: str) -> None:
    """Copies one file; neither more than the bytes listed is taken from a server, nor after the time is over."""
    from mlflow.store.artifact.http_artifact_repo import HttpArtifactRepository
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.request_utils import augmented_raise_for_status
    from mlflow.utils.rest_utils import http_request
    from urllib3.exceptions import HTTPError

    if not isinstance(store, HttpArtifactRepository):
        store.download_artifacts(path, str(into))
        return
    server = get_default_host_creds(store.artifact_uri)
    answer = cast("Response", http_request(server, f"/{path}", "GET", stream=True))
    with answer, (into / path).open("wb") as file:
        augmented_raise_for_status(answer)
        try:
            while chunk := answer.raw.read1(_CHUNK, decode_content=True):  # what is there; does not wait for more
                if (most := most - len(chunk)) < 0:
                    raise CandidateError(f"{path} is larger than the artifact store listed", where=where)
                if time.monotonic() > ends:
                    raise ServiceError(f"fetching it takes more than {MOST_SECONDS:,} s", where=where, fix="try again")
                file.write(chunk)
        except HTTPError as error:
            raise ServiceError(f"the download of {path} broke off", where=where, fix="try again") from error


def _files(store: ArtifactRepository, uri: str) -> Iterator[tuple[str, int]]:
    """Path and size of each file, folder by folder."""
    folders: list[str | None] = [None]
    seen = 0
    while folders:
        for info in _listing(store, folders.pop(), uri):
            if (seen := seen + 1) > MOST_FILES:
                raise CandidateError(f"more than {MOST_FILES} files", where=uri, fix="keep model and card alone")
            path, size = _listed(info, uri)
            if info.is_dir:
                folders.append(path)
            else:
                yield path, size


def _listing(store: ArtifactRepository, folder: str | None, uri: str) -> list[FileInfo]:
    try:
        return store.list_artifacts(folder)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CandidateError("the artifact store's listing cannot be read", where=uri) from error


def _listed(info: FileInfo, uri: str) -> tuple[str, int]:
    """Path and size of what a listing names."""
    path = PurePosixPath(info.path)
    plain = len(info.path) <= LONGEST_PATH and info.path.isprintable() and "\\" not in info.path
    if path.is_absolute() or ".." in path.parts or not plain:
        raise CandidateError("a file's path leaves its folder, or is no plain path", where=f"{uri} {info.path[:80]!r}")
    if (size := int(info.file_size or 0)) < 0:
        raise CandidateError(f"{info.path} is listed with {size} bytes", where=uri)
    return str(path), size


def _check_place(uri: str, tracking_uri: str) -> None:
    """Refuses a URI outside the registry's own store, and one that is read in more than one way."""
    local = tracking_uri.startswith("sqlite:") and uri.startswith(("/", "file:///"))
    plain = uri.isprintable() and ".." not in uri.split("/") and not set("\\?#@%") & set(uri)
    if plain and (local or _is_served(uri, tracking_uri) or (uri.startswith("s3://") and uri.startswith(_own_s3()))):
        return
    raise CandidateError(
        "the model version's files do not lie in the artifact store", where=uri, fix="register it with its files"
    )


def _is_served(uri: str, tracking_uri: str) -> bool:
    """Whether the tracking server itself keeps it: no other host is named, or that one."""
    return uri.startswith(_SERVED) and urlsplit(uri).netloc in ("", urlsplit(tracking_uri).netloc)


def _own_s3() -> tuple[str, ...]:
    """Where the server keeps artifacts in S3, if it does: the folder of its first experiment, which nobody can move."""
    with explained():
        place = connect().get_experiment(_DEFAULT_EXPERIMENT).artifact_location
    return (f"{place.rpartition('/')[0]}/",) if place.startswith("s3://") else ()
