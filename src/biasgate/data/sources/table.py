"""Tabular data: numbers as they are, categories one-hot."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.checks import checked, class_indices, require_values
from biasgate.data.dataset import Dataset
from biasgate.data.files import File
from biasgate.data.kind import Classes, Columns, SourceKind
from biasgate.data.table import read_attributes, read_labels, read_table, read_units
from biasgate.errors import InputError


class TableFile(SourceKind):
    """Rows of features from a CSV or Parquet table.

    The features are the numeric columns in the given order, then one column a category in the given order: the
    declaration fixes the model's input, whatever rows a file happens to hold.

    Attributes:
        file: The table.
        label: Column of class names.
        classes: Class names, by index.
        numeric: Columns of finite numbers.
        categorical: Columns of categories, each with all categories it may hold.
        attributes: Columns kept as attributes.
        unit: Column whose equal values are one unit; without it each row is one.
    """

    kind: Literal["csv"] = "csv"
    file: File
    label: str
    classes: Classes
    numeric: Columns = ()
    categorical: dict[str, tuple[str, ...]] = {}
    attributes: Columns = ()
    unit: str | None = None

    def load(self, folder: Path) -> Dataset:
        """One sample for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column is absent, a cell is empty, a number is none, or a label or category is undeclared.
        """
        path = self.file.fetch(folder)
        table, where = read_table(path), str(path)
        features = [_numbers(table, column, where=where) for column in self.numeric]
        features += [_one_hot(table, column, names, where=where) for column, names in self.categorical.items()]
        if not features:
            raise InputError("no feature columns", where=where, fix="name numeric or categorical columns")
        return checked(
            Dataset(
                samples=np.concatenate(features, axis=1, dtype=np.float32),
                labels=read_labels(table, self.label, self.classes, where=where),
                classes=self.classes,
                attributes=read_attributes(table, self.attributes, where=where),
                units=read_units(table, self.unit, where=where),
                name=where,
            )
        )


def _numbers(table: pd.DataFrame, column: str, *, where: str) -> NDArray[np.float32]:
    """A numeric column ``[n, 1]``."""
    require_values(table, column, where=where)
    try:
        return table[[column]].to_numpy(dtype=np.float32)
    except ValueError as error:
        raise InputError(f"column {column!r} is not numeric: {error}", where=where, fix="declare it categorical") from (
            error
        )


def _one_hot(table: pd.DataFrame, column: str, categories: tuple[str, ...], *, where: str) -> NDArray[np.float32]:
    """A column of categories as ``[n, categories]`` of 0 and 1."""
    require_values(table, column, where=where)
    indices = class_indices(table[column].to_numpy(dtype=str), categories, where=f"{where}, column {column}")
    return np.eye(len(categories), dtype=np.float32)[indices]
