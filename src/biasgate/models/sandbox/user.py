"""The user that a child becomes where the gate runs as root."""

from __future__ import annotations

import importlib.util
import os
import stat
import sys
from pathlib import Path

_FIRST, _COUNT = 61184, 4336
"""Users for the time that a service runs: https://systemd.io/UIDS-GIDS."""


def give_folder(folder: Path) -> int | None:
    """Gives a scratch folder and its files to a user that runs nothing else.

    Returns:
        The user's number; None where this process may not, or where that user could not read Python's own files.
    """
    if os.geteuid() != 0 or not all(map(_open_to_all, _needed())):
        return None
    user = _FIRST + os.getpid() % _COUNT
    try:
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, user)
    except OSError:
        return None
    return user


def _needed() -> list[Path]:
    """Where Python, its packages and biasgate lie."""
    places = [Path(sys.executable), Path(os.__file__), Path(__file__)]
    found = [importlib.util.find_spec(name) for name in ("numpy", "onnxruntime", "torch")]
    return [place.resolve() for place in places] + [Path(spec.origin) for spec in found if spec and spec.origin]


def _open_to_all(path: Path) -> bool:
    """Whether others may read a file and pass through the folders above it."""
    above = all(folder.stat().st_mode & stat.S_IXOTH for folder in path.parents)
    return above and bool(path.stat().st_mode & stat.S_IROTH)
