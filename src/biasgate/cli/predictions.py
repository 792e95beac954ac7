"""Options of commands that take predictions in the place of a model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from biasgate.models.predictions import PredictionColumns, PredictionsPackage

Table = Annotated[
    str | None, typer.Option(help="In the place of a candidate: CSV or Parquet table of what some model predicted.")
]
Predicted = Annotated[str | None, typer.Option(help="Its column of predicted classes.")]
Probability = Annotated[
    list[str] | None, typer.Option(help="CLASS=COLUMN of probabilities; of two classes one will do.")
]
Key = Annotated[str | None, typer.Option(help="Column that calls the rows as `key` of the data does; else by place.")]


def require_one(candidate: object, table: str | None, *options: object) -> None:
    """Refuses a candidate and a table at once, neither, and options of a table without one."""
    if (candidate is None) == (table is None):
        raise typer.BadParameter("give a candidate, or --predictions")
    if table is None and any(options):
        raise typer.BadParameter("--predicted, --probability and --key go with --predictions")


def columns_of(predicted: str | None, probability: list[str] | None, key: str | None) -> PredictionColumns:
    """What the options say that a table's columns hold.

    Raises:
        InputError: They name nothing that was predicted.
    """
    from biasgate.models.predictions import PredictionColumns

    found: dict[str, str] = {}
    for text in probability or []:
        name, equals, value = text.rpartition("=")
        if not (equals and name and value):
            raise typer.BadParameter(f"{text!r} is not CLASS=COLUMN")
        found[name] = value
    given = {"predicted": predicted, "probabilities": found, "key": key}
    return PredictionColumns.build(given, where="--predicted, --probability and --key")


def package_of_table(
    table: str, columns: PredictionColumns, *, name: str, classes: tuple[str, ...], work: Path
) -> PredictionsPackage:
    """A table as the candidate that `biasgate submit` would make of it.

    Args:
        table: CSV or Parquet file, or its URI.
        columns: What it holds.
        name: The gate-owned model.
        classes: Those of the data.
        work: An empty folder.

    Raises:
        InputError: It is not there, or no one file of either kind.
    """
    from getpass import getuser
    from shutil import copyfile

    from biasgate.data.files import File
    from biasgate.errors import InputError
    from biasgate.models.package import CARD, PREDICTIONS
    from biasgate.models.predictions import PredictionsCard, pack_predictions

    kinds = {Path(known).suffix: known for known in PREDICTIONS}
    if Path(table).suffix not in kinds:
        raise InputError("predictions are one CSV or Parquet file", where=table, fix="convert or join them")
    folder = work / "predictions"
    folder.mkdir()
    copyfile(File(uri=table).fetch(work / "fetched"), folder / kinds[Path(table).suffix])
    card = PredictionsCard(name=name, classes=classes, columns=columns, submitter=getuser())
    (folder / CARD).write_bytes(card.to_json())
    return pack_predictions(folder, work / "package")
