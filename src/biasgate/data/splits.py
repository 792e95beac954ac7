"""Roles: what each share of a data set's clusters is for. No cluster ever serves two."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError

Role = Literal["zoo_train", "zoo_validation", "zoo_test", "measure", "candidate", "repair", "gate"]

ROLE_SHARES = MappingProxyType[Role, float](
    {
        "zoo_train": 0.25,
        "zoo_validation": 0.15,
        "zoo_test": 0.15,
        "measure": 0.10,
        "candidate": 0.12,
        "repair": 0.08,
        "gate": 0.15,
    }
)
"""Share of the clusters that each role gets, in the order in which they are dealt out."""


def role(dataset: Dataset, name: Role, *, seed: int = 0) -> Dataset:
    """The samples of one role: whole clusters, the same share of each label, disjoint from all other roles.

    Depends only on which clusters and labels the set has and on the seed, not on the order of rows.

    Args:
        dataset: Any set; a cluster with several labels counts under its smallest.
        name: The role.
        seed: Must be the same wherever roles have to be disjoint.

    Raises:
        InputError: No such role, or the set is too small to give it a cluster.
    """
    if name not in ROLE_SHARES:
        raise InputError(f"no role {name!r}", where=dataset.name, fix=f"choose one of {', '.join(get_args(Role))}")
    names = list(ROLE_SHARES)
    ends = np.cumsum([0.0, *ROLE_SHARES.values()])
    first = names.index(name)
    rows = _places(dataset, key=(seed, 0))
    chosen = dataset.take((ends[first] <= rows) & (rows < ends[first + 1]))
    if not len(chosen):
        raise InputError(f"too few clusters for the role {name!r}", where=dataset.name, fix="use a larger set")
    return chosen


def split(dataset: Dataset, *, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """Two disjoint sets of whole clusters, stratified by label: a ``share`` of the clusters, and the rest.

    Raises:
        InputError: The share leaves one side empty.
    """
    first = _places(dataset, key=(seed, 1)) < share
    if first.all() or not first.any():
        raise InputError(f"a share of {share} leaves one side empty", where=dataset.name, fix="use a share nearer 0.5")
    return dataset.take(first), dataset.take(~first)


def _places(dataset: Dataset, *, key: tuple[int, int]) -> NDArray[np.float64]:
    """Where each row's cluster comes, from 0 to 1, in a random order of the clusters with its label ``[n]``."""
    labels = np.unique(dataset.labels, axis=0, return_inverse=True)[1].ravel()
    order = np.lexsort((labels, dataset.clusters))
    clusters, first, row_to_unit = np.unique(dataset.clusters[order], return_index=True, return_inverse=True)
    strata = labels[order][first]
    places = np.empty(len(clusters))
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        shuffled = np.random.default_rng([*key, int(stratum)]).permutation(len(members))
        places[members] = (shuffled + 0.5) / len(members)
    rows = np.empty(len(dataset))
    rows[order] = places[row_to_unit]
    return rows
