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


def format_of(path: Path) -> Format:
    """The format of a file.

    Raises:
        CandidateError: Its suffix is none that is read.
    """
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise CandidateError(
            f"weights in {suffix or 'a file without a suffix'} are not read",
            where=str(path),
            fix=f"give one of {', '.join(SUFFIXES)}",
        )
    return FORMATS[suffix]
