"""Tabular data: numbers as they are, categories one-hot."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.data.checks import checked
from biasgate.data.columns import Column
from biasgate.data.dataset import Dataset
from biasgate.data.described import DescribedByTable
from biasgate.data.files import TabularFile
from biasgate.data.kind import Categories, Columns
from biasgate.data.tables.table import Table
from biasgate.errors import InputError


class TableFile(DescribedByTable):
    """Rows of features from a CSV or Parquet table.

    The features are the numeric columns in the given order, then one column a category in the given order: the
    declaration fixes the model's input, whatever rows a file happens to hold.

    Attributes:
        file: The table.
        numeric: Columns of finite numbers.
        categorical: Columns of categories, each with all categories it may hold.
    """

    kind: Literal["csv"] = "csv"
    file: TabularFile
    numeric: Columns = ()
    categorical: dict[str, Categories] = {}

    def columns(self) -> tuple[str, ...]:
        """The columns that the source uses; see ``DescribedByTable.columns``."""
        return tuple(dict.fromkeys((*super().columns(), *self.numeric, *self.categorical)))

    def load(self, folder: Path) -> Dataset:
        """One sample for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column is absent, a cell is empty, a number is none, or a label or category is undeclared.
        """
        if not self.numeric and not self.categorical:
            raise InputError("no feature columns", where=self.file.uri, fix="name numeric or categorical columns")
        text = [*self.text_columns(), *self.categorical]
        table = self.file.table(folder, text=text, exact=self.exact_columns(), narrow=self.numeric)
        found = self.describe(table)
        numbers, texts = map(Column, self.numeric), self.categorical.items()
        columns = (*numbers, *(Column(name, len(categories), categories) for name, categories in texts))
        samples = self._features(found.table)
        return checked(Dataset(samples=samples, columns=columns, name=table.where, **found.fields()))

    def _features(self, table: Table) -> NDArray[np.float32]:
        samples = np.zeros((len(table), len(self.numeric) + sum(map(len, self.categorical.values()))), np.float32)
        for place, column in enumerate(self.numeric):
            samples[:, place] = table.features(column)
        first = len(self.numeric)
        for column, categories in self.categorical.items():
            samples[np.arange(len(table)), first + table.labels(column, categories, called="categories")] = 1
            first += len(categories)
        return samples
