"""Rows of which only the truth and the attributes are known: for predictions that were made elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.data.described import DescribedByTable
from biasgate.data.files import TabularFile


class TruthFile(DescribedByTable):
    """What is true of each row of a CSV or Parquet table, without anything that a model could be run on.

    Attributes:
        file: The table.
    """

    kind: Literal["truth"] = "truth"
    file: TabularFile

    def load(self, folder: Path) -> Dataset:
        """One sample without features for each row of the table; see ``SourceKind.load``.

        Raises:
            InputError: A column is absent, a cell is empty, or a label is undeclared.
        """
        table = self.file.table(folder, text=self.text_columns(), exact=self.exact_columns())
        found = self.describe(table)
        samples = np.zeros((len(found.table), 0), np.float32)
        return checked(Dataset(samples=samples, name=table.where, **found.fields()))
