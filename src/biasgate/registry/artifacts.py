"""Downloads from MLflow's artifact store: files only, within limits, from nowhere but where MLflow keeps them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from biasgate.errors import CandidateError, ServiceError
from biasgate.registry.client import explained

if TYPE_CHECKING:
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

MOST_FILES = 200
MOST_BYTES = 4_000_000_000


def download(uri: str, into: Path, *, tracking_uri: str) -> None:
    """Copies all files under an artifact URI into a folder.

    A version's owner chooses its URI, so it must lie in the artifact store: behind the server or in S3, or on this
    disk when the database does too. Sizes are checked before and after, since a listing can lie.

    Raises:
        CandidateError: The URI lies elsewhere, a path leaves the folder, or there are too many files or bytes.
        ServiceError: MLflow is out of reach, or a download broke off.
    """
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    _check_place(uri, tracking_uri)
    with explained(uri):
        store = get_artifact_repository(uri, tracking_uri=tracking_uri)
        left = MOST_BYTES
        for count, (path, size) in enumerate(_files(store, None), start=1):
            left -= size
            if count > MOST_FILES or left < 0:
                raise CandidateError(f"more than {MOST_FILES} files or {MOST_BYTES:,} bytes", where=uri)
            target = into / _inside(path, uri)
            target.parent.mkdir(parents=True, exist_ok=True)
            store.download_artifacts(path, str(into))
            if not target.is_symlink() and target.stat().st_size < size:
                raise ServiceError(f"the download of {path} broke off", where=uri, fix="try again")
            if target.is_symlink() or target.stat().st_size > size:
                raise CandidateError(f"{path} is not what the artifact store listed", where=uri)


def _files(store: ArtifactRepository, folder: str | None) -> Iterator[tuple[str, int]]:
    for info in store.list_artifacts(folder):
        if info.is_dir:
            yield from _files(store, info.path)
        else:
            yield info.path, int(info.file_size or 0)


def _inside(path: str, uri: str) -> PurePosixPath:
    relative = PurePosixPath(path)
    if relative.is_absolute() or ".." in relative.parts:
        raise CandidateError("a file's path leaves its folder", where=f"{uri} {path!r}")
    return relative


def _check_place(uri: str, tracking_uri: str) -> None:
    local = tracking_uri.startswith("sqlite:")
    if uri.startswith(("mlflow-artifacts:", "s3://")) or (local and uri.startswith(("/", "file:"))):
        return
    raise CandidateError(
        "the model version's files do not lie in the artifact store", where=uri, fix="register it with its files"
    )
