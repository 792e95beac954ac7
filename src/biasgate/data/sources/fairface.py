"""FairFace (Karkkainen and Joo 2021): photographs balanced over seven races, with age and gender."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from biasgate.data.checks import checked, require_values
from biasgate.data.dataset import Dataset
from biasgate.data.faces.bands import BANDS
from biasgate.data.faces.obtaining import required
from biasgate.data.faces.photographs import read_photographs
from biasgate.data.sources.folder import inside
from biasgate.data.table import read_attributes, read_labels, read_table

Label = Literal["age", "gender", "race"]
Partition = Literal["train", "val"]

_CLASSES = {
    "age": BANDS,
    "gender": ("Male", "Female"),
    "race": ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"),
}


def load_fairface(root: Path, *, label: Label, partition: Partition, size: int = 64, name: str = "FairFace") -> Dataset:
    """The photographs that ``fairface_label_<partition>.csv`` lists; who is on them is not known, so each is a unit.

    Args:
        root: Holds the table, and the folders ``train`` and ``val`` that it refers to.
        label: What is to be predicted; the other two are attributes.
        partition: The authors' training or validation part.
        size: Height and width; the middle square of each photograph is scaled.
        name: For people.

    Raises:
        InputError: A file is absent or cannot be read, or the table is not in its published form.
    """
    path = required(root, f"fairface_label_{partition}.csv", of="FairFace")
    table, where = read_table(path), str(path)
    require_values(table, "file", where=where)
    return checked(
        Dataset(
            samples=read_photographs([inside(root, str(file)) for file in table["file"]], size=size),
            labels=read_labels(table, label, _CLASSES[label], where=where),
            classes=_CLASSES[label],
            attributes=read_attributes(table, tuple(key for key in _CLASSES if key != label), where=where),
            units=np.arange(len(table)),
            name=name,
        )
    )
