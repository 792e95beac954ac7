"""Video frames coded for Action Units: DISFA (Mavadati et al. 2013) and BP4D (Zhang et al. 2014)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.faces.coding import bp4d_coding, disfa_coding
from biasgate.data.faces.obtaining import required
from biasgate.data.faces.photographs import read_photographs
from biasgate.data.files import File, fetch_folder
from biasgate.data.kind import Side, SourceKind
from biasgate.data.tables.read import read_table
from biasgate.errors import InputError


class ActionUnitFrames(SourceKind):
    """Frames with one label for each Action Unit; a subject is a unit (of independence).

    Attributes:
        folder: Holds the coding (see ``faces.coding``) and the frames: of BP4D ``2D+3D/F001/T1/2440.jpg`` and the
            like; of DISFA, which gives out videos, ``frames/SN001/1.jpg`` and the like, taken out of them and numbered
            from 1. Leading zeros do no harm.
        coding: Whose files these are.
        units: Numbers of the Action Units to be predicted.
        present: Intensity of 0 to 5 from which a unit of DISFA counts as present; 2 is the custom.
        every: Keep the first of every so many frames of a recording; neighbours are nearly alike.
        people: Table with a column ``subject`` and one an attribute. Without it BP4D's subjects have the attribute
            ``gender`` by their first letter, and DISFA's have none.
        size: Height and width; the middle square of each frame is scaled.
    """

    kind: Literal["action_units"] = "action_units"
    folder: str
    coding: Literal["DISFA", "BP4D"]
    units: Annotated[tuple[Annotated[int, Field(gt=0)], ...], Field(min_length=1)]
    present: int = Field(default=2, ge=1, le=5)
    every: int = Field(default=1, ge=1)
    people: File | None = None
    size: Side = 64

    def load(self, folder: Path) -> Dataset:
        """Every coded frame that is kept; see ``SourceKind.load``.

        Raises:
            InputError: A file is absent or not in its published form, or the table of people lacks a subject.
        """
        people = self.people.fetch(folder / "people") if self.people else None
        root = fetch_folder(self.folder, folder / "faces")
        table = self._coded(root)
        subjects = table["subject"].to_numpy(dtype=str)
        return checked(
            Dataset(
                **read_photographs(self._paths(root, table), size=self.size),
                labels=table[list(self.units)].to_numpy(dtype=np.int64),
                classes=tuple(f"AU{unit}" for unit in self.units),
                attributes=_attributes(subjects, people) if people else self._gender(subjects),
                clusters=np.unique(subjects, return_inverse=True)[1].astype(np.int64),
                clusters_declared=True,
                name=self.folder,
            )
        )

    def _coded(self, root: Path) -> pd.DataFrame:
        """The coding of the frames that are kept."""
        disfa = self.coding == "DISFA"
        table = disfa_coding(root, self.units, present=self.present) if disfa else bp4d_coding(root, self.units)
        return table.iloc[np.flatnonzero(table.groupby("folder").cumcount() % self.every == 0)]

    def _paths(self, root: Path, table: pd.DataFrame) -> list[Path]:
        """The file of each coded frame."""
        frames = {folder: _frames(required(root, folder, of=self.coding)) for folder in table["folder"].unique()}
        paths = [frames[folder].get(frame) for folder, frame in zip(table["folder"], table["frame"], strict=True)]
        if None in paths:
            absent = table.iloc[paths.index(None)]
            raise InputError(
                f"frame {absent['frame']} is coded but not there",
                where=str(root / absent["folder"]),
                fix="take it out again",
            )
        return [path for path in paths if path]

    def _gender(self, subjects: np.ndarray) -> pd.DataFrame:
        """What BP4D's names of subjects say."""
        names = {"F": "female", "M": "male"}
        known = self.coding == "BP4D"
        values = {"gender": [names.get(subject[0], "unknown") for subject in subjects]} if known else {}
        return pd.DataFrame(values, index=range(len(subjects)))


def _frames(folder: Path) -> dict[int, Path]:
    """The frames of a recording by their numbers."""
    return {int(path.stem): path for path in folder.iterdir() if path.stem.isdecimal()}


def _attributes(subjects: np.ndarray, people: Path) -> pd.DataFrame:
    """The attributes of each frame's subject."""
    table = read_table(people, text=None)
    columns = tuple(dict.fromkeys(("subject", *table.names)))
    known = table.attributes(columns).drop_duplicates("subject").set_index("subject")
    missing = sorted(set(subjects.tolist()) - set(known.index))
    if missing:
        raise InputError(f"says nothing of the subject {missing[0]}", where=str(people), fix="add a row")
    return known.loc[subjects].reset_index(drop=True)
