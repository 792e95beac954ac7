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
from biasgate.errors import InputError

Label = Literal["age", "gender", "race"]

_NAME = re.compile(r"(?P<age>\d{1,3})_(?P<gender>[01])_(?P<race>[0-4])_\d+\.jpg(\.chip\.jpg)?")
_CLASSES = {
    "age": BANDS,
    "gender": ("male", "female"),
    "race": ("White", "Black", "Asian", "Indian", "Others"),
}


def load_utkface(root: Path, *, label: Label, size: int = 64, name: str = "UTKFace") -> Dataset:
    """The photographs of a folder and its subfolders; who is on them is not known, so each is a unit.

    The few published files whose names lack the race are left out.

    Args:
        root: Holds files named ``age_gender_race_date.jpg`` (or ``.jpg.chip.jpg``, when aligned and cropped).
        label: What is to be predicted; age in the bands of FairFace. The other two are attributes.
        size: Height and width; the middle square of each photograph is scaled.
        name: For people.

    Raises:
        InputError: No file is named so, or one cannot be read.
    """
    named = [(path, _NAME.fullmatch(path.name)) for path in sorted(required(root, of="UTKFace").rglob("*.jpg"))]
    told = [(path, match) for path, match in named if match]
    if not told:
        raise InputError(
            "no file is named as UTKFace names them", where=str(root), fix="give the folder of age_gender_race_date.jpg"
        )
    values = pd.DataFrame(
        {
            "age": [age_band(int(match["age"])) for _, match in told],
            "gender": [_CLASSES["gender"][int(match["gender"])] for _, match in told],
            "race": [_CLASSES["race"][int(match["race"])] for _, match in told],
        }
    )
    return checked(
        Dataset(
            samples=read_photographs([path for path, _ in told], size=size),
            labels=class_indices(values[label].to_numpy(dtype=str), _CLASSES[label], where=name),
            classes=_CLASSES[label],
            attributes=values.drop(columns=[label]),
            units=np.arange(len(told)),
            name=name,
        )
    )
