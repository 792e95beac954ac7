"""What every candidate file must be before a byte of it is parsed."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Sequence
from pathlib import Path

from biasgate.documents import canonical_json, sha256
from biasgate.errors import CandidateError

MAX_BYTES = 1 << 30
"""Largest model file: 1 GiB, twice the weights of a ViT-Large in half precision and below protobuf's own 2 GiB."""

MAX_CARD_BYTES = 1 << 20


def check_file(path: Path, *, limit: int = MAX_BYTES) -> Path:
    """The same path, when it is a regular file (no link) of 1 to ``limit`` bytes.

    Raises:
        CandidateError: It is not.
    """
    try:
        status = path.lstat()
    except (OSError, ValueError) as error:
        raise CandidateError("the file cannot be read", where=str(path), fix="check the path") from error
    if not stat.S_ISREG(status.st_mode):
        raise CandidateError("not a regular file", where=str(path), fix="give the file itself, not a link or folder")
    if not 0 < status.st_size <= limit:
        raise CandidateError(f"the file has {status.st_size:,} bytes; 1 to {limit:,} can be read", where=str(path))
    return path


def files_digest(path: Path, beside: Sequence[Path]) -> str:
    """The digest of a file; of several together, one over the digest of each by its name."""
    if not beside:
        return file_digest(path)
    return sha256(canonical_json({file.name: file_digest(file) for file in (path, *beside)}))


def file_digest(path: Path) -> str:
    """``sha256:<hex>`` of the file's bytes, streamed."""
    with path.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
