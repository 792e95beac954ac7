"""Subgroups: the cells that attributes cut a data set into."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from biasgate.data.checks import require_values
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.errors import InputError

MOST_SUBGROUPS = 5000
"""Subgroups of one combination of attributes that are told apart."""


@dataclass(frozen=True, eq=False)
class Partition:
    """The subgroups of one combination of attributes.

    Attributes:
        attributes: Which; none for the whole set.
        subgroups: Attribute values of each: the product of the known values that the attributes take. Cells without
            rows are among them, since an empty subgroup is insufficient evidence and no absence of it.
        codes: Which subgroup each row is in, ``[rows]``; one past the last where a value is unknown, which makes none.
    """

    attributes: tuple[str, ...]
    subgroups: tuple[dict[str, str], ...]
    codes: NDArray[np.int32]

    @property
    def unknown(self) -> int:
        """Rows that are in no subgroup."""
        return int(np.count_nonzero(self.codes == len(self.subgroups)))


def crossings(attributes: tuple[str, ...], *, depth: int) -> list[tuple[str, ...]]:
    """No attributes, for the whole set, then each combination of up to ``depth`` of them.

    Raises:
        InputError: One is named twice.
    """
    if len(set(attributes)) < len(attributes):
        raise InputError(f"an attribute is named twice: {list(attributes)}", where="attributes")
    return [names for size in range(min(depth, len(attributes)) + 1) for names in combinations(attributes, size)]


def partitions(dataset: Dataset, crossed: Sequence[tuple[str, ...]]) -> Iterator[Partition]:
    """The subgroups of each combination of attributes; of none, the one that holds all rows.

    Raises:
        InputError: The set lacks an attribute, a row has no value of it, or there are more than ``MOST_SUBGROUPS``.
    """
    coded = {name: _coded(dataset, name) for name in dict.fromkeys(name for names in crossed for name in names)}
    for names in crossed:
        yield _partition(names, coded, rows=len(dataset), where=dataset.name)


def subgroups(
    dataset: Dataset, attributes: tuple[str, ...], *, depth: int
) -> Iterator[tuple[dict[str, str], NDArray[np.bool_]]]:
    """Attribute values and the mask of their rows ``[rows]``, partition by partition; see ``partitions``."""
    for partition in partitions(dataset, crossings(attributes, depth=depth)):
        for code, subgroup in enumerate(partition.subgroups):
            yield subgroup, partition.codes == code


@dataclass(frozen=True, eq=False)
class _Coded:
    """The known values of an attribute in order, and which of them each row has; −1 where it is unknown."""

    values: list[str]
    codes: NDArray[np.int32]


def _coded(dataset: Dataset, name: str) -> _Coded:
    found, codes = dataset.coded(name)
    require_values(dataset.attributes, name, where=dataset.name)
    known = found != UNKNOWN
    places = np.where(known, np.cumsum(known) - 1, -1).astype(np.int32)
    return _Coded(found[known].tolist(), places[codes])


def _partition(names: Sequence[str], coded: Mapping[str, _Coded], *, rows: int, where: str) -> Partition:
    parts = [coded[name] for name in names]
    count = math.prod(len(part.values) for part in parts)
    if count > MOST_SUBGROUPS:
        raise InputError(
            f"{' × '.join(names)} has {count:,} subgroups, and at most {MOST_SUBGROUPS:,} are told apart",
            where=where,
            fix="put its values into bins or pools, or cross fewer attributes",
        )
    codes, known = np.zeros(rows, dtype=np.int32), np.ones(rows, dtype=bool)
    for part in parts:
        codes = codes * len(part.values) + part.codes
        known &= part.codes >= 0
    codes[~known] = count
    cells = product(*(part.values for part in parts))
    return Partition(tuple(names), tuple(dict(zip(names, cell, strict=True)) for cell in cells), codes)
