"""Rows of a table as a model takes them, and as its graph does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.registry.flavour import Logged
from biasgate.registry.sample import drawn, origin_of

if TYPE_CHECKING:
    import pandas as pd

INPUT = "input"
"""The graph's input where the features have no names."""


@dataclass(frozen=True, eq=False)
class TableRows:
    """The same rows twice.

    Attributes:
        origin: Where they are from.
        features: Names, in the model's order; none for a model that was trained on an array.
        rows: For the original.
        given: For the graph: one input a feature, ``[n, 1]``, or ``input`` ``[n, features]``.
    """

    origin: str
    features: tuple[str, ...]
    rows: pd.DataFrame | NDArray[np.float32]
    given: dict[str, NDArray[Any]]


def table_rows(logged: Logged, features: tuple[str, ...], width: int) -> TableRows:
    """Rows of the sample, or drawn ones where there is none.

    Args:
        logged: The model.
        features: Names that the model was trained with, or none.
        width: How many features it takes.

    Raises:
        CandidateError: The sample has not what the model takes.
    """
    return _named(logged, features) if features else _unnamed(logged, width)


def _named(logged: Logged, features: tuple[str, ...]) -> TableRows:
    import pandas as pd

    sample = logged.sample
    columns = sample.columns if sample else dict(zip(features, drawn((len(features),)).T, strict=True))
    if missing := [name for name in features if name not in columns]:
        raise CandidateError(
            f"it takes {_few(features)}; {origin_of(sample)} have no {_few(missing)}",
            where=str(logged.folder),
            fix="name them in the data source under `numeric` or `categorical`, attributes that it takes too; "
            "encodings belong into the model's pipeline",
        )
    found = {name: columns[name] for name in features}
    given = {name: values.astype(object if values.dtype.kind == "U" else np.float32) for name, values in found.items()}
    table = pd.DataFrame({name: _as_trained(values) for name, values in given.items()})
    return TableRows(
        origin_of(logged.sample), features, table, {name: values[:, None] for name, values in given.items()}
    )


def _unnamed(logged: Logged, width: int) -> TableRows:
    whole = drawn((width,)) if logged.sample is None else logged.sample.whole
    if whole is None or whole.shape[1:] != (width,):
        found = "columns of several types" if whole is None else f"rows of {list(whole.shape[1:])}"
        raise CandidateError(
            f"it takes {width} numbers a row without names, and the data gives {found}",
            where=str(logged.folder),
            fix="train it on a table with column names, or name in the data source what it takes, in its order",
        )
    rows = whole.astype(np.float32)
    return TableRows(origin_of(logged.sample), (), rows, {INPUT: rows})


def _as_trained(values: NDArray[Any]) -> NDArray[Any]:
    """Numbers as a table has them, in double precision."""
    return values if values.dtype == object else values.astype(np.float64)


def _few(names: tuple[str, ...] | list[str]) -> str:
    return ", ".join(map(repr, names[:8])) + (f" and {len(names) - 8} more" if len(names) > 8 else "")


def first_line(error: BaseException, *, where: Path) -> CandidateError:
    """Why the original does not take the rows."""
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    return CandidateError(
        f"it does not take these rows: {line}",
        where=str(where),
        fix="name in the data source (--data) the columns that it was trained on, numbers under `numeric`, text under "
        "`categorical`",
    )
