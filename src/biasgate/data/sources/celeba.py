"""CelebA (Liu et al. 2015): photographs with 40 yes-or-no attributes and the identity of the person."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.faces.obtaining import required
from biasgate.data.faces.photographs import read_photographs
from biasgate.data.files import fetch_folder
from biasgate.data.kind import Columns, Side, SourceKind
from biasgate.errors import InputError

_PARTITIONS = {"train": 0, "valid": 1, "test": 2}


class CelebA(SourceKind):
    """Aligned photographs from ``img_align_celeba``; a person is a cluster.

    Attributes:
        folder: Holds ``list_attr_celeba.txt``, ``identity_CelebA.txt``, ``list_eval_partition.txt`` and
            ``img_align_celeba``, or the authors' folders ``Anno``, ``Eval`` and ``Img`` with these.
        label: One of the 40 attributes, such as ``Smiling``; the classes are ``no`` and ``yes``.
        attributes: Others of the 40, such as ``Male``, kept as ``no`` and ``yes``.
        partition: Keep only the authors' training, validation or test part.
        size: Height and width; the middle square of each photograph is scaled.
    """

    kind: Literal["celeba"] = "celeba"
    folder: str
    label: str
    attributes: Columns = ()
    partition: Literal["train", "valid", "test"] | None = None
    size: Side = 64

    def load(self, folder: Path) -> Dataset:
        """The photographs of the partition; see ``SourceKind.load``.

        Raises:
            InputError: A file is absent or not in its published form, or there is no such attribute.
        """
        root = fetch_folder(self.folder, folder)
        table = self._kept(root)
        unknown = {self.label, *self.attributes} - set(table.columns)
        if unknown:
            raise InputError(
                f"CelebA has no attribute {sorted(unknown)[0]!r}",
                where=self.folder,
                fix=f"choose of {', '.join(table.columns)}",
            )
        identity = _column(required(root, "identity_CelebA.txt", of="CelebA", folders=("Anno",)), table.index)
        images = required(root, "img_align_celeba", of="CelebA", folders=("Img",))
        return checked(
            Dataset(
                **read_photographs([images / str(file) for file in table.index], size=self.size),
                labels=(table[self.label] == 1).to_numpy(dtype=np.int64),
                classes=("no", "yes"),
                attributes=pd.DataFrame(
                    {key: np.where(table[key] == 1, "yes", "no") for key in self.attributes}, index=range(len(table))
                ),
                clusters=identity.to_numpy(dtype=np.int64),
                clusters_declared=True,
                name=self.folder,
            )
        )

    def _kept(self, root: Path) -> pd.DataFrame:
        """The attributes of the partition's photographs, 1 or -1, by file."""
        table = _attribute_table(required(root, "list_attr_celeba.txt", of="CelebA", folders=("Anno",)))
        if self.partition is None:
            return table
        parts = _column(required(root, "list_eval_partition.txt", of="CelebA", folders=("Eval",)), table.index)
        if not set(parts) <= set(_PARTITIONS.values()):
            raise InputError("a partition is none of 0, 1 and 2", where=self.folder, fix="fetch the file again")
        return table.loc[parts == _PARTITIONS[self.partition]]


def _attribute_table(path: Path) -> pd.DataFrame:
    """``list_attr_celeba.txt``: how many images, the attributes' names, then a file and 1 or -1 for each a line."""
    lines = path.read_text(encoding="utf-8").splitlines()
    names, rows = lines[1].split() if len(lines) > 1 else [], [line.split() for line in lines[2:] if line.strip()]
    count = lines[0].strip() if lines else ""
    good = all(len(row) == len(names) + 1 and set(row[1:]) <= {"1", "-1"} for row in rows)
    if not names or not good or count != str(len(rows)):
        raise InputError("not as CelebA publishes it", where=str(path), fix="fetch the file again")
    values = np.array([row[1:] for row in rows], dtype=np.int64)
    return pd.DataFrame(values, index=[Path(row[0]).name for row in rows], columns=names)


def _column(path: Path, files: pd.Index) -> pd.Series:
    """A whole number for each file, from lines of a file's name and a number."""
    rows = [line.split() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    if not all(len(row) == 2 and row[1].isdecimal() for row in rows):
        raise InputError("not as CelebA publishes it", where=str(path), fix="fetch the file again")
    column = pd.Series({row[0]: int(row[1]) for row in rows}, dtype=np.int64)
    missing = files.difference(column.index)
    if len(missing):
        raise InputError(f"says nothing of {missing[0]}", where=str(path), fix="fetch the file again")
    return column.loc[files]
