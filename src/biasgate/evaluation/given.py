"""Predictions that were made elsewhere, joined with the rows that they are of."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import PREDICTIONS, Evaluation, EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.data.files import TabularFile
from biasgate.data.tables.table import Table
from biasgate.documents import sha256
from biasgate.errors import InputError
from biasgate.evaluation.measure import check_probabilities, measure
from biasgate.models.predictions import PredictionColumns, PredictionsPackage

SPARE_ROWS = 1_000_000
"""Most predictions of rows that the data has not."""


@dataclass(frozen=True, eq=False)
class Given:
    """What some model said, as it was handed over: nothing here ran it.

    Attributes:
        classes: Predicted class of each row ``[rows]``; of several labels 0 or 1 a label ``[rows, labels]``.
        probabilities: One column a class or label; None where none were given.
    """

    classes: NDArray[np.int64]
    probabilities: NDArray[np.float64] | None = None
    provider = PREDICTIONS

    @property
    def digest(self) -> str:
        """``predictions:sha256:<hex>``: never a package's."""
        told = [self.classes] if self.probabilities is None else [self.classes, self.probabilities]
        return "predictions:" + sha256(b"".join(array.tobytes() for array in told))

    def latency(self, confidence: float) -> Estimate | None:
        """None: nobody saw how long they took."""
        del confidence


def measure_given(given: Given, dataset: Dataset, spec: EvaluationSpec) -> Evaluation:
    """Measures predictions that stand for themselves, without a candidate around them; see ``measure``."""
    return measure(
        given.classes, dataset, spec, model=given.digest, provider=PREDICTIONS, probabilities=given.probabilities
    )


def submitted(package: PredictionsPackage, dataset: Dataset) -> Given:
    """The predictions of a package.

    Raises:
        InputError: The card's classes are not the data set's, or see ``read_given``.
    """
    card = package.card
    if card.classes != dataset.classes:
        raise InputError(
            f"the card's classes {list(card.classes)} are not the data set's {list(dataset.classes)}",
            where=card.name,
            fix="give both the same names in the same order",
        )
    return read_given(str(package.table), card.columns, dataset)


def read_given(uri: str, columns: PredictionColumns, dataset: Dataset) -> Given:
    """Predictions in a CSV or Parquet table, put into the order of a data set's rows.

    Rows are joined by the key that both declare, else by their place; never by an index.

    Args:
        uri: Local path or ``s3://`` URI of the table.
        columns: What its columns hold.
        dataset: What the predictions are of.

    Raises:
        InputError: A column is absent or has empty cells, a class is none of the data set's, probabilities are none, a
            row of the data has no prediction, or two, or over ``SPARE_ROWS`` predictions are of other rows.
    """
    text = [name for name in (columns.predicted, columns.key) if name]
    with TemporaryDirectory(prefix="biasgate-") as folder:
        exact, most = list(dict.fromkeys(columns.probabilities.values())), len(dataset) + SPARE_ROWS
        table = TabularFile(uri=uri).table(Path(folder), text=text, exact=exact, most=most)
    rows = _rows(table, columns.key, dataset)
    probabilities = _probabilities(table, columns.probabilities, dataset)
    if dataset.labels.ndim == 2 and (columns.predicted or probabilities is None):
        raise InputError("the data has several labels a row", where=uri, fix="give a column of probabilities a label")
    if columns.predicted:
        classes = table.labels(columns.predicted, dataset.classes)
    elif probabilities is None:
        raise InputError("there is nothing to measure", where=uri, fix="name a column of classes or of probabilities")
    elif dataset.labels.ndim == 2:
        classes = (probabilities > 0.5).astype(np.int64)
    else:
        classes = probabilities.argmax(axis=1).astype(np.int64)
    taken = None if probabilities is None else probabilities[rows]
    if taken is not None:
        check_probabilities(taken, dataset)
    return Given(classes[rows], taken)


def _rows(table: Table, key: str | None, dataset: Dataset) -> NDArray[np.int64]:
    """The row of the table that each row of the data has its prediction in ``[rows]``."""
    if (key is None) != (dataset.keys is None):
        lacks = "the data source declares" if key else "the predictions declare"
        fix = "name the column that calls the rows in both, or in neither"
        raise InputError(f"{lacks} no key", where=table.where, fix=fix)
    if key is None or dataset.keys is None:
        if len(table) != len(dataset):
            what = f"{len(table):,} predictions of {len(dataset):,} rows of {dataset.name}"
            raise InputError(what, where=table.where, fix="give one for each row, or name a key column in both")
        return np.arange(len(dataset))
    found = {name: row for row, name in enumerate(table.text(key).tolist())}
    wanted = dataset.keys.tolist()
    for what, count, distinct in (("predictions", len(table), len(found)), ("rows", len(wanted), len(set(wanted)))):
        if distinct < count:
            raise InputError(f"{count - distinct:,} {what} have a {key!r} that another has", where=table.where)
    if missing := [name for name in wanted if name not in found]:
        what = f"{len(missing):,} of {len(wanted):,} rows have no prediction, first {missing[0]!r}"
        raise InputError(what, where=table.where, fix="predict them too: rows that are left out are not measured")
    return np.array([found[name] for name in wanted], dtype=np.int64)


def _probabilities(table: Table, columns: dict[str, str], dataset: Dataset) -> NDArray[np.float64] | None:
    """One column a class, in the data set's order; of two classes the other's is what is left."""
    if not columns:
        return None
    if strange := [name for name in columns if name not in dataset.classes]:
        what = f"{strange[0]!r} is no class of the data: it has {', '.join(dataset.classes[:20])}"
        raise InputError(what, where=table.where, fix="name the column as CLASS=COLUMN")
    found = {name: table.numbers(column) for name, column in columns.items()}
    if len(dataset.classes) == 2 and dataset.labels.ndim == 1 and len(found) == 1:
        ((name, values),) = found.items()
        found |= {other: 1 - values for other in dataset.classes if other != name}
    if lacking := [name for name in dataset.classes if name not in found]:
        what = f"there is no column of probabilities for {', '.join(lacking[:5])}"
        raise InputError(what, where=table.where, fix="give one a class")
    return np.stack([found[name] for name in dataset.classes], axis=1)
