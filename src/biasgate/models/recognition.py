"""Which format a file has: its suffix says so."""

from __future__ import annotations

from pathlib import Path

from biasgate.discovery import defined_in
from biasgate.errors import CandidateError
from biasgate.models.format import Format

_KINDS = defined_in("biasgate.models.formats", Format)
FORMATS = {suffix: found for found in (kind() for kind in _KINDS) for suffix in found.suffixes}  # pyright: ignore[reportAbstractUsage]
"""Every format by its suffixes."""

SUFFIXES = tuple(FORMATS)
"""Of files that hold weights as they are read here."""


def suffix_of(path: Path) -> str | None:
    """The ending of a file's name that tells its format, in small letters; None where it is none that is read."""
    return next((suffix for suffix in SUFFIXES if path.name.lower().endswith(suffix)), None)


def format_of(path: Path) -> Format:
    """The format of a file.

    Raises:
        CandidateError: Its suffix is none that is read.
    """
    suffix = suffix_of(path)
    if suffix is None:
        raise CandidateError(
            f"weights in {path.suffix.lower() or 'a file without a suffix'} are not read",
            where=str(path),
            fix=f"give one of {', '.join(SUFFIXES)}",
        )
    return FORMATS[suffix]
