"""Tabular data: numbers as they are, lists of them too, categories one-hot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.data.checks import checked
from biasgate.data.columns import Column
from biasgate.data.dataset import Dataset
from biasgate.data.described import DescribedByTable
from biasgate.data.files import TabularFile
from biasgate.data.kind import Categories, Columns
from biasgate.data.tables.table import Table
from biasgate.errors import InputError

Length = Annotated[int, Field(ge=1, le=65_536)]


class TableFile(DescribedByTable):
    """Rows of features from a CSV or Parquet table.

    The features are the numeric columns in the given order, then one column a category in the given order, then lists
    in the given order: the declaration fixes the model's input, whatever rows a file happens to hold.

    Attributes:
        file: The table.
        numeric: Columns of finite numbers.
        categorical: Columns of categories, each with all categories it may hold.
        lists: Columns of lists of numbers, as Parquet keeps them, each with the length that all of its lists have: the
            tokens of a text, an embedding.
    """

    kind: Literal["csv"] = "csv"
    file: TabularFile
    numeric: Columns = ()
    categorical: dict[str, Categories] = {}
    lists: dict[str, Length] = {}

    def columns(self) -> tuple[str, ...]:
        """The columns that the source uses; see ``DescribedByTable.columns``."""
        return tuple(dict.fromkeys((*super().columns(), *self.numeric, *self.categorical, *self.lists)))

    def load(self, folder: Path) -> Dataset:
        """One sample for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column is absent, a cell is empty, a number is none, or a label or category is undeclared.
        """
        if not (self.numeric or self.categorical or self.lists):
            fix = "name columns under numeric, categorical or lists"
            raise InputError("no feature columns", where=self.file.uri, fix=fix)
        text = [*self.text_columns(), *self.categorical]
        table = self.file.table(folder, text=text, exact=self.exact_columns(), narrow=self.numeric, lists=self.lists)
        found = self.describe(table)
        numbers, texts = map(Column, self.numeric), self.categorical.items()
        one_hot = (Column(name, len(categories), categories) for name, categories in texts)
        columns = (*numbers, *one_hot, *(Column(name, length) for name, length in self.lists.items()))
        samples = self._features(found.table)
        return checked(Dataset(samples=samples, columns=columns, name=table.where, **found.fields()))

    def _features(self, table: Table) -> NDArray[np.float32]:
        width = len(self.numeric) + sum(map(len, self.categorical.values())) + sum(self.lists.values())
        samples = np.zeros((len(table), width), np.float32)
        for place, column in enumerate(self.numeric):
            samples[:, place] = table.features(column)
        first = len(self.numeric)
        for column, categories in self.categorical.items():
            samples[np.arange(len(table)), first + table.labels(column, categories, called="categories")] = 1
            first += len(categories)
        for column, length in self.lists.items():
            samples[:, first : first + length] = table.lists[column]
            first += length
        return samples
