"""Clusters as cases: one row of numbers a person, and the subgroups that persons belong to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import combination
from biasgate.data.dataset import Dataset
from biasgate.data.subgroups import subgroups
from biasgate.errors import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Cases:
    """The clusters of a data set.

    Attributes:
        codes: Which cluster each row belongs to ``[rows]``.
        subgroups: Attribute values; the whole set first.
        members: Which cluster belongs to which subgroup ``[clusters, subgroups]``.
        minimum: Smallest subgroup that is compared.
    """

    codes: NDArray[np.int64]
    subgroups: list[dict[str, str]]
    members: NDArray[np.bool_]
    minimum: int

    def __len__(self) -> int:
        return len(self.members)

    def means(self, values: Floats) -> Floats:
        """The mean of each cluster's rows, of numbers ``[rows, …]``."""
        sums = np.zeros((len(self), *values.shape[1:]))
        np.add.at(sums, self.codes, values)
        return sums / np.bincount(self.codes).reshape(-1, *[1] * (values.ndim - 1))

    @cached_property
    def pairs(self) -> NDArray[np.int64]:
        """Subgroups of one attribute combination that are large enough, two by two ``[pairs, 2]``."""
        large = [place for place in range(1, len(self.subgroups)) if self.members[:, place].sum() >= self.minimum]
        kinds = [combination(subgroup) for subgroup in self.subgroups]
        found = [pair for pair in combinations(large, 2) if kinds[pair[0]] == kinds[pair[1]]]
        return np.array(found, dtype=np.int64).reshape(-1, 2)


def cases(dataset: Dataset, attributes: tuple[str, ...], *, depth: int, minimum: int) -> Cases:
    """The clusters of a set and their subgroups.

    Raises:
        InputError: The set is empty, lacks an attribute, or an attribute differs between images of one cluster.
    """
    if not len(dataset):
        raise InputError("there is nothing to measure: no rows", where=dataset.name)
    _, first, codes = np.unique(dataset.clusters, return_index=True, return_inverse=True)
    for name in attributes:
        column = dataset.attribute(name)
        if not (column == column[first][codes]).all():
            raise InputError(
                f"{name} differs between images of one cluster", where=dataset.name, fix="name attributes of persons"
            )
    cells = list(subgroups(dataset, attributes, depth=depth))
    members = np.stack([mask[first] for _, mask in cells], axis=1)
    return Cases(codes, [subgroup for subgroup, _ in cells], members, minimum)
