"""Which features of a table's samples come from which of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.data.rows import Samples


@dataclass(frozen=True)
class Column:
    """One column of a table, as it lies in samples.

    Attributes:
        name: As the table has it.
        width: Features that it takes: one for a number, one for each category, the length of lists.
        categories: Of text; none for numbers.
    """

    name: str
    width: int = 1
    categories: tuple[str, ...] = ()


def split(samples: Samples, columns: Sequence[Column]) -> dict[str, NDArray[Any]]:
    """The columns that samples were made of: numbers ``[n]``, text ``[n]``, lists ``[n, width]``.

    >>> columns = [Column("age"), Column("job", 2, ("cook", "nurse"))]
    >>> {name: values.tolist() for name, values in split(np.array([[31, 0, 1], [54, 1, 0]]), columns).items()}
    {'age': [31, 54], 'job': ['nurse', 'cook']}
    """
    if not columns:
        return {}
    whole, found, part = np.asarray(samples), dict[str, NDArray[Any]](), places(columns)
    for column in columns:
        features = whole[:, part[column.name]]
        if column.categories:
            found[column.name] = np.array(column.categories)[features.argmax(axis=1)]
        else:
            found[column.name] = features[:, 0] if column.width == 1 else features
    return found


def places(columns: Sequence[Column]) -> dict[str, slice]:
    """Which features of a sample each column is.

    >>> places([Column("age"), Column("job", 2, ("cook", "nurse"))])
    {'age': slice(0, 1, None), 'job': slice(1, 3, None)}
    """
    found: dict[str, slice] = {}
    first = 0
    for column in columns:
        found[column.name] = slice(first, first + column.width)
        first += column.width
    return found
