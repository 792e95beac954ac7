"""Tables: CSV or Parquet, with the label, attribute and unit columns that every table names."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from numpy.typing import NDArray

from biasgate.data.checks import class_indices, require_values
from biasgate.errors import InputError


def read_table(path: Path) -> pd.DataFrame:
    """A table from ``.csv`` or ``.parquet``, its rows numbered by their place; in CSV only an empty cell is missing.

    No column becomes an index: pandas joins by index, and a row's values would meet another row's. An index that pandas
    wrote into a Parquet file is a column like any other.

    Raises:
        InputError: The file cannot be read, has no rows, or has a row with more cells than the header.
    """
    try:
        table = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    except (ValueError, OSError, pd.errors.ParserWarning) as error:
        raise InputError(f"cannot be read as a table: {error}", where=str(path), fix="give CSV or Parquet") from error
    if table.empty:
        raise InputError("the table has no rows", where=str(path))
    return table


def _read_parquet(path: Path) -> pd.DataFrame:
    return pq.read_table(path).to_pandas(ignore_metadata=True)


def _read_csv(path: Path) -> pd.DataFrame:
    with warnings.catch_warnings():
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(path, index_col=False, keep_default_na=False, na_values=[""], skipinitialspace=True)


def read_labels(table: pd.DataFrame, column: str, classes: tuple[str, ...], *, where: str) -> NDArray[np.int64]:
    """Class indices from a column of class names ``[n]``."""
    require_values(table, column, where=where)
    return class_indices(table[column].to_numpy(dtype=str), classes, where=where)


def read_attributes(table: pd.DataFrame, columns: tuple[str, ...], *, where: str) -> pd.DataFrame:
    """The attribute columns, as strings."""
    for column in columns:
        require_values(table, column, where=where)
    return table.filter(list(columns)).astype(str)


def read_units(table: pd.DataFrame, column: str | None, *, where: str) -> NDArray[np.int64]:
    """One number a unit ``[n]``; without a column each row is its own unit."""
    if column is None:
        return np.arange(len(table))
    require_values(table, column, where=where)
    return np.unique(table[column].to_numpy(dtype=str), return_inverse=True)[1].astype(np.int64)
