"""FairFace (Karkkainen and Joo 2021): photographs balanced over seven races, with age and gender."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.faces.bands import BANDS
from biasgate.data.faces.obtaining import required
from biasgate.data.faces.photographs import read_photographs
from biasgate.data.files import fetch_folder, inside
from biasgate.data.kind import Side, SourceKind
from biasgate.data.tables.read import read_table

_CLASSES = {
    "age": BANDS,
    "gender": ("Male", "Female"),
    "race": ("White", "Black", "Latino_Hispanic", "East Asian", "Southeast Asian", "Indian", "Middle Eastern"),
}

_VOCABULARY = _CLASSES | {"service_test": ("True", "False")}


class FairFace(SourceKind):
    """The photographs that ``fairface_label_<partition>.csv`` lists; who is on them is not known, so each is a cluster.

    Attributes:
        folder: Holds the table, and the folders ``train`` and ``val`` that it refers to.
        label: What is to be predicted; the other two are attributes.
        partition: The authors' training or validation part.
        size: Height and width; the middle square of each photograph is scaled.
    """

    kind: Literal["fairface"] = "fairface"
    folder: str
    label: Literal["age", "gender", "race"]
    partition: Literal["train", "val"]
    size: Side = 64

    def load(self, folder: Path) -> Dataset:
        """The photographs of the partition; see ``SourceKind.load``.

        Raises:
            InputError: A file is absent or cannot be read, or the table is not in its published form.
        """
        root = fetch_folder(self.folder, folder)
        path = required(root, f"fairface_label_{self.partition}.csv", of="FairFace")
        table = read_table(path, text=("file", *_VOCABULARY))
        for column, values in _VOCABULARY.items():
            table.labels(column, values, called="published values")
        others = tuple(key for key in _CLASSES if key != self.label)
        return checked(
            Dataset(
                **read_photographs([inside(root, file) for file in table.text("file").tolist()], size=self.size),
                labels=table.labels(self.label, _CLASSES[self.label]),
                classes=_CLASSES[self.label],
                attributes=table.attributes(others),
                clusters=table.clusters(None),
                name=table.where,
            )
        )
