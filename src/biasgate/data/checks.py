"""What every loaded data set must hold, checked once where it enters."""

from __future__ import annotations

import re
from collections.abc import Iterable
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
        InputError: It is empty, its samples are neither 8-bit images nor finite rows, two classes have one name, a
            sample has more labels than there are classes, or one outside them, an attribute has no value somewhere, or
            a weight is not a finite number above zero.
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
    if len(set(dataset.classes)) < len(dataset.classes):
        raise InputError("two classes have one name", where=where, fix="name each class once")
    if labels.shape[1:] not in ((), (len(dataset.classes),)):
        what = f"labels are {list(labels.shape)} of {len(dataset):,} rows and {len(dataset.classes)} classes"
        raise InputError(what, where=where, fix="give one class a row, or of each class whether it applies")
    top = len(dataset.classes) if labels.ndim == 1 else 2
    if not ((labels >= 0) & (labels < top)).all():
        raise InputError(f"a label is not in 0..{top - 1}", where=where, fix="check the classes")
    for name in dataset.attributes:
        require_values(dataset.attributes, str(name), where=where)
    if dataset.weights is not None:
        require_weights(dataset.weights, where=where)
    return dataset


def require_weights(weights: NDArray[np.float64], *, where: str) -> None:
    """Refuses sampling weights that are not finite numbers above zero; says in which row."""
    wrong = np.flatnonzero(~(np.isfinite(weights) & (weights > 0)))
    if wrong.size:
        what = f"row {wrong[0] + 1:,} has the weight {weights[wrong[0]]:g}, which is no finite number above zero"
        raise InputError(what, where=where, fix="drop rows that stand for nobody, and mend the others")


def require_values(table: pd.DataFrame, column: str, *, where: str) -> None:
    """Refuses a column that is absent or has empty cells; blanks alone are no value, as in a table's file."""
    if column not in table:
        raise InputError(f"no column {column!r}", where=where, fix=f"it has {', '.join(map(str, table.columns))}")
    blank = [value for value in table[column].unique() if not str(value).strip()]
    empty = (table[column].isna() | table[column].isin(blank)).to_numpy()
    if empty.any():
        what = (
            f"{np.count_nonzero(empty):,} of {len(table):,} rows have no {column!r}, first row {empty.argmax() + 1:,}"
        )
        raise InputError(what, where=where, fix="drop them or write 'unknown'")


def class_indices(names: NDArray[np.str_], classes: tuple[str, ...], *, where: str) -> NDArray[np.int64]:
    """The index of each name among the classes ``[n]``.

    A name is a class to the letter, or by another spelling of the same value that no other class has: ``1.0`` of ``1``,
    ``True`` of ``true`` and of ``1``. ``01`` and ``1`` are two names.

    Raises:
        InputError: A name is no class; says which.
    """
    found, codes = np.unique(names, return_inverse=True)
    known = known_classes(found.tolist(), classes)
    if unknown := [name for name in found.tolist() if name not in known]:
        raise InputError(f"labels outside the classes: {', '.join(unknown[:5])}", where=where, fix="add or drop them")
    return np.array([known[name] for name in found.tolist()], dtype=np.int64)[codes]


def known_classes(names: Iterable[str], classes: tuple[str, ...]) -> dict[str, int]:
    """The index of the class that each name is, for those that are one; see ``class_indices``."""
    index = {name: position for position, name in enumerate(classes)}
    spelled = {_spelling(name): position for name, position in index.items()}
    one_each = len(spelled) == len(index)
    found = {name: index.get(name, spelled.get(_spelling(name)) if one_each else None) for name in names}
    return {name: position for name, position in found.items() if position is not None}


def _spelling(name: str) -> str:
    """One spelling of truth, which is 1 as a number, and of a whole number that went through a column of floats."""
    name = {"true": "1", "false": "0"}.get(name.casefold(), name)
    return re.sub(r"^(-?(?:0|[1-9][0-9]*))\.0+$", r"\1", name)
