"""Subgroups: the cells that attributes cut a data set into."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

import numpy as np
from numpy.typing import NDArray

from biasgate.data.checks import require_values
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.errors import InputError


def subgroups(
    dataset: Dataset, attributes: tuple[str, ...], *, depth: int
) -> Iterator[tuple[dict[str, str], NDArray[np.bool_]]]:
    """Attribute values and the mask of their rows ``[rows]``: the whole set, then each combination up to ``depth``.

    A combination gives the product of the known values that its attributes take; cells without rows are among them,
    since an empty subgroup is insufficient evidence and no absence of it. Samples whose value is unknown are in none.

    Raises:
        InputError: The set lacks an attribute, a row has no value of it, or one is named twice.
    """
    if len(set(attributes)) < len(attributes):
        raise InputError(f"an attribute is named twice: {list(attributes)}", where="attributes")
    coded = {name: dataset.coded(name) for name in attributes}
    for name in attributes:
        require_values(dataset.attributes, name, where=dataset.name)
    values = {name: [value for value in found.tolist() if value != UNKNOWN] for name, (found, _) in coded.items()}
    for size in range(min(depth, len(attributes)) + 1):
        for names in combinations(attributes, size):
            for cell in product(*(values[name] for name in names)):
                subgroup: dict[str, str] = dict(zip(names, cell, strict=True))
                mask = np.ones(len(dataset), dtype=bool)
                for name, value in subgroup.items():
                    found, codes = coded[name]
                    mask &= codes == np.searchsorted(found, value)
                yield subgroup, mask


def unknown(dataset: Dataset, attributes: tuple[str, ...], *, depth: int) -> dict[str, int]:
    """Samples that are in no subgroup of a combination, one of whose values is unknown; by combination, if any are."""
    masks = {name: dataset.attribute(name) == UNKNOWN for name in attributes}
    found = {
        "*".join(sorted(names)): int(np.logical_or.reduce([masks[name] for name in names]).sum())
        for size in range(1, min(depth, len(attributes)) + 1)
        for names in combinations(attributes, size)
    }
    return {names: count for names, count in found.items() if count}
