"""Predictions as a candidate: of a model that is not run here, such as one behind an API."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.models.card import NAME
from biasgate.models.files import MAX_CARD_BYTES, check_file
from biasgate.models.package import CARD, CandidatePackage, check_names, content_name, package_digest


class PredictionColumns(Document):
    """What the columns of a table of predictions hold.

    Attributes:
        predicted: Column of the class that was decided for; without it the most probable one.
        probabilities: Columns of probabilities, by class; of two classes one is enough.
        key: Column that calls each row as the data source's ``key`` does; without it rows are joined by their place.
    """

    predicted: str | None = None
    probabilities: dict[str, str] = {}
    key: str | None = None

    @model_validator(mode="after")
    def _something_is_predicted(self) -> Self:
        if self.predicted is None and not self.probabilities:
            raise ValueError("needs `predicted`, `probabilities` or both")
        return self


class PredictionsCard(Document):
    """What an owner declares about predictions, and about the model that gave them.

    Attributes:
        name: Name of the model, as in the registry.
        classes: Names of the classes, as the data source has them.
        columns: What the table's columns hold.
        training_data: Digest of the model's training data, where that is known.
        training_data_from: When the last of the training data was gathered.
        submitter: Who answers for the model.
        description: One paragraph for the reader: which model, behind which address, asked when and how.
    """

    schema_: Literal["biasgate/predictions-card/v1"] = Field(default="biasgate/predictions-card/v1", alias="schema")
    name: str = Field(pattern=NAME)
    classes: tuple[str, ...] = Field(min_length=2, max_length=65_536)
    columns: PredictionColumns
    training_data: str = "unknown"
    training_data_from: date | None = None
    submitter: str = Field(pattern=r"\S")
    description: str = ""


@dataclass(frozen=True)
class PredictionsPackage:
    """A folder with a table of predictions and its ``card.json``.

    Attributes:
        path: Its folder.
        card: Its card.
        digest: As a candidate package's, over these two files.
        notes: What was done to what was submitted, one sentence each.
    """

    path: Path
    card: PredictionsCard
    digest: str
    notes: tuple[str, ...] = ()

    @property
    def table(self) -> Path:
        """The table of predictions."""
        return self.path / content_name(self.path)

    @property
    def files(self) -> tuple[str, str]:
        """Names of its two files."""
        return content_name(self.path), CARD

    @property
    def size(self) -> int:
        """Bytes of its two files together."""
        return sum((self.path / file).stat().st_size for file in self.files)


Candidate = CandidatePackage | PredictionsPackage
"""What the gate judges: a model, or predictions of one."""


def open_predictions(folder: Path) -> PredictionsPackage:
    """Checks a folder and reads its card; the table is read where it is measured.

    Raises:
        CandidateError: A file is missing, unknown, too large, or a link.
        InputError: The card is not valid.
    """
    check_names(folder, known=(content_name(folder), CARD))
    path = check_file(folder / CARD, limit=MAX_CARD_BYTES)
    card = PredictionsCard.parse_json(path.read_bytes(), where=str(path))
    return PredictionsPackage(path=folder, card=card, digest=package_digest(folder))


def pack_predictions(submitted: Path, folder: Path) -> PredictionsPackage:
    """Makes a package out of a copy of a table and its card; ``folder`` appears whole or not at all.

    Raises:
        InputError: ``folder`` exists and is not empty; see also ``open_predictions``.
        CandidateError: See ``open_predictions``.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError("the package's folder already exists", where=str(folder), fix="choose another")
    given = open_predictions(submitted)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent, ignore_cleanup_errors=True) as work:
        draft = Path(work) / "package"
        draft.mkdir()
        shutil.copyfile(given.table, draft / given.table.name)
        (draft / CARD).write_bytes(given.card.to_json())
        checked = open_predictions(draft)
        draft.replace(folder)
    return PredictionsPackage(path=folder, card=checked.card, digest=checked.digest)
