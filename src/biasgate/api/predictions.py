"""Predictions as people hold them, in pandas, numpy or lists, as what the evaluation measures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.checks import require_weights
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.evaluation.given import Given


@dataclass(frozen=True, eq=False)
class Predictions:
    """What some model said of rows whose truth is known.

    Attributes:
        dataset: Truth, attributes and clusters; its samples are empty, since no model is run.
        given: Predicted class of each row, and the probabilities where scores were given.
    """

    dataset: Dataset
    given: Given


def predictions(
    *,
    y_true: Any,
    y_pred: Any,
    scores: Any,
    attributes: Any,
    clusters: Any,
    weights: Any,
    classes: Sequence[object] | None,
    positive: object | None,
) -> Predictions:
    """Checks what a user gave and joins its rows by position; see ``evaluate`` for the arguments.

    Raises:
        InputError: Lengths differ, a value is missing, or a class is not among those of ``y_true`` or ``classes``.
    """
    truth = _class_names(y_true, name="y_true")
    names = _classes(truth, classes)
    dataset = Dataset(
        samples=np.zeros((len(truth), 0), dtype=np.float32),
        labels=_indices(truth, names, name="y_true"),
        classes=names,
        attributes=_attributes(attributes, rows=len(truth)),
        clusters=_clusters(clusters, rows=len(truth)),
        weights=_weights(weights, rows=len(truth)),
        name="predictions",
    )
    probabilities = None if scores is None else _probabilities(scores, names, positive, rows=len(truth))
    if y_pred is not None:
        said = _class_names(y_pred, name="y_pred")
        _same_length(said, name="y_pred", rows=len(truth))
        predicted = _indices(said, names, name="y_pred")
    elif probabilities is not None:
        predicted = probabilities.argmax(axis=1).astype(np.int64)
    else:
        raise InputError("there is nothing to measure", fix="give y_pred, scores, or both")
    return Predictions(dataset, Given(predicted, probabilities))


def _column(values: Any, *, name: str) -> pd.Series:
    """One value a row, numbered by place, none of them missing."""
    array = np.asarray(values) if hasattr(values, "__array__") else None
    if array is not None and array.ndim != 1:
        raise InputError(f"{name} has {array.ndim} axes", fix="give one value a row")
    column = pd.Series(list(values) if array is None else array)
    empty = np.flatnonzero(column.isna() | (column.astype(str) == ""))
    if len(empty):
        raise InputError(
            f"{name} has no value in row {empty[0]} ({len(empty)} of {len(column)} rows lack one)",
            fix="drop such rows everywhere, or write 'unknown'",
        )
    return column


def _same_length(column: Any, *, name: str, rows: int) -> None:
    if len(column) != rows:
        raise InputError(f"{name} has {len(column):,} rows and y_true {rows:,}", fix="give one value a row")


def _class_names(values: Any, *, name: str) -> pd.Series:
    """Classes as text; 1.0 is the class ``1``."""
    column = _column(values, name=name)
    return column.map({value: _class_name(value, name=name) for value in column.unique()})


def _class_name(value: object, *, name: str) -> str:
    if isinstance(value, float | np.floating):
        if not float(value).is_integer():
            raise InputError(f"{name} holds {value:g}, which is no class", fix="give probabilities as scores=")
        return str(int(value))
    return str(value)


def _classes(truth: pd.Series, given: Sequence[object] | None) -> tuple[str, ...]:
    """The classes in order: as given, else those of the truth, numbers by value and words by letter."""
    if given is not None:
        return tuple(_class_name(value, name="classes") for value in given)
    found = {str(value) for value in truth.unique()}
    try:
        return tuple(sorted(found, key=int))
    except ValueError:
        return tuple(sorted(found))


def _indices(column: pd.Series, classes: tuple[str, ...], *, name: str) -> NDArray[np.int64]:
    unknown = sorted({str(value) for value in column.unique()} - set(classes))
    if unknown:
        raise InputError(
            f"{name} holds {', '.join(unknown[:5])}, and the classes are {', '.join(classes)}",
            fix="write classes alike in y_true and y_pred, or name all with classes=",
        )
    return column.map({one: index for index, one in enumerate(classes)}).to_numpy(dtype=np.int64)


def _attributes(given: Any, *, rows: int) -> pd.DataFrame:
    """One text column an attribute."""
    if isinstance(given, pd.Series) and given.name is not None:
        given = given.to_frame()
    if not isinstance(given, pd.DataFrame | Mapping) or len(given.keys()) == 0:
        raise InputError("attributes have no names", fix="give a table or a mapping: attributes={'sex': sex}")
    columns = {str(name): _column(given[name], name=f"attribute {name!r}") for name in given}
    for name, column in columns.items():
        _same_length(column, name=f"attribute {name!r}", rows=rows)
    return pd.DataFrame({name: column.astype(str) for name, column in columns.items()})


def _clusters(clusters: Any, *, rows: int) -> NDArray[np.int64]:
    if clusters is None:
        return np.arange(rows)
    column = _column(clusters, name="clusters")
    _same_length(column, name="clusters", rows=rows)
    return pd.factorize(column.astype(str), sort=True)[0].astype(np.int64)


def _weights(weights: Any, *, rows: int) -> NDArray[np.float64] | None:
    if weights is None:
        return None
    column = _column(weights, name="weights")
    _same_length(column, name="weights", rows=rows)
    found = np.asarray(pd.to_numeric(column, errors="coerce"), dtype=np.float64)
    require_weights(found, where="weights")
    return found


def _probabilities(scores: Any, classes: tuple[str, ...], positive: object | None, *, rows: int) -> NDArray[np.float64]:
    """Scores as one column a class, in the classes' order."""
    _same_length(scores, name="scores", rows=rows)
    if isinstance(scores, pd.DataFrame) and [str(name) for name in scores.columns] != list(classes):
        raise InputError(
            f"scores have the columns {', '.join(map(str, scores.columns))}, and the classes are {', '.join(classes)}",
            fix="give one column a class, named and in this order",
        )
    array = np.asarray(scores, dtype=np.float64)
    lacking = np.flatnonzero(np.isnan(array.reshape(rows, -1)).any(axis=1))
    if len(lacking):
        raise InputError(f"scores have no value in row {lacking[0]} ({len(lacking)} of {rows} rows lack one)")
    if array.ndim == 2:
        return array
    if len(classes) != 2:
        raise InputError(f"scores have one column, and there are {len(classes)} classes", fix="give [rows, classes]")
    first = positive is not None and _class_name(positive, name="positive") == classes[0]
    return np.stack([array, 1 - array] if first else [1 - array, array], axis=1)
