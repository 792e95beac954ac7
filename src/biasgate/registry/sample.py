"""Rows that a model and its conversion are compared on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from biasgate.registry.client import explained

if TYPE_CHECKING:
    from mlflow.models import Model

_DRAWN = 64


@dataclass(frozen=True, eq=False)
class Sample:
    """Some rows, as a data source or the model's own example has them.

    Attributes:
        origin: Where they are from, for people.
        whole: All of a row in one array ``[n, ...]``; None where the columns differ in type.
        columns: Columns of a table by name: numbers or text ``[n]``, lists ``[n, length]``; none for images.
        classes: Class names of the data source they are from, by index.
    """

    origin: str
    whole: NDArray[Any] | None = None
    columns: Mapping[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]])
    classes: tuple[str, ...] = ()

    @property
    def stored(self) -> tuple[int, ...] | None:
        """Shape of one row in one array."""
        return None if self.whole is None else self.whole.shape[1:]


def example_of(model: Model, folder: Path) -> Sample | None:
    """The input example that was logged with a model, if there is one of numbers and text."""
    import pandas as pd

    with explained(str(folder)):
        found: Any = model.load_input_example(str(folder)) if model.saved_input_example_info else None
    if isinstance(found, pd.DataFrame):
        columns = {str(name): _typed(found[name].to_numpy()) for name in found}
        numbers = all(column.dtype.kind == "f" for column in columns.values())
        whole = np.stack(list(columns.values()), axis=1) if numbers else None
        return Sample(f"{len(found):,} rows logged with it", whole, columns)
    if isinstance(found, dict) and all(isinstance(value, np.ndarray) for value in found.values()):
        length = len(next(iter(found.values())))
        return Sample(f"{length:,} rows logged with it", None, {str(name): found[name] for name in found})
    if isinstance(found, np.ndarray) and found.ndim > 1:
        return Sample(f"{len(found):,} rows logged with it", found)
    return None


def drawn(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Rows of a standard normal, for a model that no rows are known for."""
    return np.random.default_rng(0).standard_normal((_DRAWN, *shape), dtype=np.float32)


def origin_of(sample: Sample | None) -> str:
    """Where the rows are from, for people; drawn ones where there is no sample."""
    return sample.origin if sample else f"{_DRAWN} drawn rows, as no data was given"


def _typed(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(np.float32) if values.dtype.kind in "biuf" else values.astype(str)
