"""What every loaded data set must hold, checked once where it enters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def checked(dataset: Dataset) -> Dataset:
    """The same set, when it can be used.

    Raises:
        InputError: It is empty, its samples are neither 8-bit images nor finite rows, a label is outside the
            classes, or an attribute has no value somewhere.
    """
    where, samples, labels = dataset.name, dataset.samples, dataset.labels
    if not len(dataset):
        raise InputError("the data set is empty", where=where, fix="check the files and the role")
    image = samples.ndim == 4 and samples.dtype == np.uint8 and samples.shape[-1] in (1, 3)
    if not image and not (samples.ndim == 2 and samples.dtype == np.float32):
        raise InputError(
            f"samples are {samples.dtype} {list(samples.shape)}",
            where=where,
            fix="give images uint8 [n, height, width, 1 or 3] or rows float32 [n, features]",
        )
    if samples.dtype == np.float32 and not np.isfinite(samples).all():
        raise InputError("a feature is NaN or infinite", where=where, fix="fill or drop such rows")
    top = len(dataset.classes) if labels.ndim == 1 else 2
    if not ((labels >= 0) & (labels < top)).all():
        raise InputError(f"a label is not in 0..{top - 1}", where=where, fix="check the classes")
    for name in dataset.attributes:
        require_values(dataset.attributes, str(name), where=where)
    return dataset


def require_values(table: pd.DataFrame, column: str, *, where: str) -> None:
    """Refuses a column that is absent or has empty cells."""
    if column not in table:
        raise InputError(f"no column {column!r}", where=where, fix=f"it has {', '.join(map(str, table.columns))}")
    empty = np.count_nonzero(table[column].isna() | (table[column].astype(str) == ""))
    if empty:
        raise InputError(
            f"{empty} of {len(table)} rows have no {column!r}", where=where, fix="drop them or write 'unknown'"
        )


def class_indices(names: NDArray[np.str_], classes: tuple[str, ...], *, where: str) -> NDArray[np.int64]:
    """The index of each name among the classes ``[n]``.

    Raises:
        InputError: A name is no class; says which.
    """
    unknown = sorted(set(names.tolist()) - set(classes))
    if unknown:
        raise InputError(f"labels outside the classes: {', '.join(unknown[:5])}", where=where, fix="add or drop them")
    index = {name: position for position, name in enumerate(classes)}
    return np.array([index[name] for name in names.tolist()], dtype=np.int64)
