"""Where each set of faces is obtained, and on what terms: what a user is told when its files are not there."""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType

from biasgate.errors import InputError

SOURCES = MappingProxyType(
    {
        "CelebA": "from the Multimedia Laboratory of The Chinese University of Hong Kong; non-commercial research only",
        "UTKFace": "from its authors' project page (Zhang, Song and Qi 2017); non-commercial research only",
        "FairFace": "from its authors' repository (Karkkainen and Joo 2021); CC BY 4.0",
        "DISFA": "from the University of Denver on a signed agreement; non-commercial research only",
        "BP4D": "from Binghamton University on a signed agreement; research only",
    }
)
"""By set."""


def required(root: Path, name: str = "", *, of: str, folders: tuple[str, ...] = ()) -> Path:
    """The path of a file or folder of a set.

    Args:
        root: Where the set lies.
        name: Of the file.
        of: The set.
        folders: Folders within the root that the authors sort files into; the file may lie in them or in the root.

    Raises:
        InputError: It is not there; says where the set is obtained and on what terms.
    """
    for folder in ("", *folders):
        if (root / folder / name).exists():
            return root / folder / name
    raise InputError(f"not there, as {of} has it", where=str(root / name), fix=f"obtain {of} {SOURCES[of]}")
