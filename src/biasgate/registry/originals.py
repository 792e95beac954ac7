"""Models as people log them in MLflow, fetched by who submits them."""

from __future__ import annotations

import re
from pathlib import Path

from biasgate.errors import InputError
from biasgate.registry.client import connect, explained
from biasgate.registry.models import SCHEME, is_name

SCHEMES = (SCHEME, "runs:/", "mlflow-artifacts:/")
"""Whose models MLflow itself resolves."""


def is_uri(source: str) -> bool:
    """Whether a source is a URI rather than a path."""
    return re.match(r"[a-z][a-z0-9+.-]*:/", source) is not None


def download_original(source: str, into: Path) -> Path:
    """Copies a logged model into a folder with the caller's own rights, wherever MLflow says that it lies.

    Args:
        source: ``models:/name/3``, ``models:/name@alias``, ``models:/m-…``, ``runs:/run/path``, or the URI of an
            artifact that MLflow fetches.
        into: An empty folder.

    Raises:
        InputError: There is no such model, version, alias, run or file.
        ServiceError: MLflow or its store is out of reach.
    """
    connect()
    from mlflow.artifacts import download_artifacts

    fix = "write models:/name/version, models:/name@alias, models:/m-…, runs:/run/path, or a folder"
    with explained(source):
        try:
            return Path(download_artifacts(artifact_uri=source, dst_path=str(into)))
        except (OSError, ValueError) as error:
            raise InputError(f"MLflow does not find it: {error}", where=source, fix=fix) from error


def registered_name(source: str) -> str | None:
    """The model that ``models:/name/…`` names; None for other sources, and for names that no card can have."""
    path = source.removeprefix(SCHEME) if source.startswith(SCHEME) else ""
    name = re.split("[/@]", path.strip("/"), maxsplit=1)[0]
    return name if is_name(name) and not re.fullmatch(r"m-[0-9a-f]{32}", name) else None
