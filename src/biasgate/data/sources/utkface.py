"""UTKFace (Zhang, Song and Qi 2017): photographs whose file names say age, gender and race."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from biasgate.data.checks import checked, class_indices
from biasgate.data.dataset import Dataset
from biasgate.data.faces.bands import BANDS, age_band
from biasgate.data.faces.obtaining import required
from biasgate.data.faces.photographs import read_photographs
from biasgate.data.files import fetch_folder
from biasgate.data.kind import Side, SourceKind
from biasgate.errors import InputError

_NAME = re.compile(r"(?P<age>\d{1,3})_(?P<gender>[01])_(?P<race>[0-4])_\d+\.jpg(\.chip\.jpg)?")
OLDEST = 116
"""The highest age of the set, as its authors give it."""
_CLASSES = {
    "age": BANDS,
    "gender": ("male", "female"),
    "race": ("White", "Black", "Asian", "Indian", "Others"),
}


class UTKFace(SourceKind):
    """The photographs of a folder and its subfolders; who is on them is not known, so each is a cluster.

    The few published files whose names lack the race are left out and counted.

    Attributes:
        folder: Holds files named ``age_gender_race_date.jpg`` (or ``.jpg.chip.jpg``, when aligned and cropped).
        label: What is to be predicted; age in the bands of FairFace. The other two are attributes.
        size: Height and width; the middle square of each photograph is scaled.
    """

    kind: Literal["utkface"] = "utkface"
    folder: str
    label: Literal["age", "gender", "race"]
    size: Side = 64

    def load(self, folder: Path) -> Dataset:
        """All photographs with a full name; see ``SourceKind.load``.

        Raises:
            InputError: No file is named so, or one cannot be read.
        """
        root = required(fetch_folder(self.folder, folder), of="UTKFace")
        named = [(path, _NAME.fullmatch(path.name)) for path in sorted(root.rglob("*.jpg"))]
        told = [(path, match) for path, match in named if match and int(match["age"]) <= OLDEST]
        left = len(named) - len(told)
        if not told:
            raise InputError(
                "no file is named as UTKFace names them",
                where=self.folder,
                fix="give the folder of age_gender_race_date.jpg",
            )
        values = pd.DataFrame([_told(match) for _, match in told])
        classes = _CLASSES[self.label]
        return checked(
            Dataset(
                **read_photographs([path for path, _ in told], size=self.size),
                labels=class_indices(values[self.label].to_numpy(dtype=str), classes, where=self.folder),
                classes=classes,
                attributes=values.drop(columns=[self.label]),
                clusters=np.arange(len(told)),
                name=self.folder,
                dropped={"the file's name lacks an age, gender or race": left} if left else {},
            )
        )


def _told(match: re.Match[str]) -> dict[str, str]:
    """What a file's name says of the person."""
    return {
        "age": age_band(int(match["age"])),
        "gender": _CLASSES["gender"][int(match["gender"])],
        "race": _CLASSES["race"][int(match["race"])],
    }
