"""Tables: CSV or Parquet, with the label, attribute and unit columns that every table names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.checks import class_indices, require_values
from biasgate.errors import InputError


def read_table(path: Path) -> pd.DataFrame:
    """A table from ``.csv`` or ``.parquet``; in CSV only an empty cell is missing.

    Raises:
        InputError: The file cannot be read, or has no rows.
    """
    try:
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
        else:
            table = pd.read_csv(path, keep_default_na=False, na_values=[""], skipinitialspace=True)
    except (ValueError, OSError) as error:
        raise InputError(f"cannot be read as a table: {error}", where=str(path), fix="give CSV or Parquet") from error
    if table.empty:
        raise InputError("the table has no rows", where=str(path))
    return table


def read_labels(table: pd.DataFrame, column: str, classes: tuple[str, ...], *, where: str) -> NDArray[np.int64]:
    """Class indices from a column of class names ``[n]``."""
    require_values(table, column, where=where)
    return class_indices(table[column].to_numpy(dtype=str), classes, where=where)


def read_attributes(table: pd.DataFrame, columns: tuple[str, ...], *, where: str) -> pd.DataFrame:
    """The attribute columns, as strings."""
    for column in columns:
        require_values(table, column, where=where)
    return pd.DataFrame({column: table[column].astype(str) for column in columns}, index=range(len(table)))


def read_units(table: pd.DataFrame, column: str | None, *, where: str) -> NDArray[np.int64]:
    """One number a unit ``[n]``; without a column each row is its own unit."""
    if column is None:
        return np.arange(len(table))
    require_values(table, column, where=where)
    return np.unique(table[column].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
