"""Tabular data: numbers as they are, categories one-hot."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.files import File
from biasgate.data.kind import Classes, ClusterColumn, Columns, Name, SourceKind
from biasgate.data.table import Table, read_table
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
        cluster: Column whose equal values are one cluster; without it each row is one.
        weights: Column of sampling weights: how many of the population a row stands for.
    """

    kind: Literal["csv"] = "csv"
    file: File
    label: str
    classes: Classes
    numeric: Columns = ()
    categorical: dict[str, tuple[Name, ...]] = {}
    attributes: Columns = ()
    cluster: ClusterColumn = None
    weights: str | None = None

    def load(self, folder: Path) -> Dataset:
        """One sample for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column is absent, a cell is empty, a number is none, or a label or category is undeclared.
        """
        table = read_table(self.file.fetch(folder))
        features = [table.numbers(column)[:, None] for column in self.numeric]
        features += [_one_hot(table, column, names) for column, names in self.categorical.items()]
        if not features:
            raise InputError("no feature columns", where=table.where, fix="name numeric or categorical columns")
        return checked(
            Dataset(
                samples=np.concatenate(features, axis=1, dtype=np.float32),
                labels=table.labels(self.label, self.classes),
                classes=self.classes,
                attributes=table.attributes(self.attributes),
                clusters=table.clusters(self.cluster),
                weights=table.weights(self.weights),
                name=table.where,
            )
        )


def _one_hot(table: Table, column: str, categories: tuple[str, ...]) -> NDArray[np.float32]:
    """A column of categories as ``[n, categories]`` of 0 and 1."""
    return np.eye(len(categories), dtype=np.float32)[table.labels(column, categories)]
