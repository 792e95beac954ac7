"""What a data set holds: how many samples of each label an attribute's values have, and what a reader should know."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.copies import copies
from biasgate.data.dataset import Dataset
from biasgate.data.look_alikes import look_alikes
from biasgate.data.tables.treat import proposed_edges

MANY = 20
"""An attribute with more values than that makes more subgroups than can be judged."""


def describe(dataset: Dataset) -> pd.DataFrame:
    """Counts per label and attribute value.

    Returns:
        One row a value of each attribute, after one for the whole set (``attribute`` and ``value`` are ``all``).
        Columns ``attribute``, ``value``, one a class (for multi-label sets: samples with that label), ``samples``
        and ``clusters``.
    """
    rows = [_row(dataset, "all", "all", np.ones(len(dataset), dtype=bool))]
    for name in map(str, dataset.attributes):
        values, codes = dataset.coded(name)
        rows += [_row(dataset, name, value, codes == code) for code, value in enumerate(values.tolist())]
    return pd.DataFrame(rows)


def remarks(dataset: Dataset) -> Iterator[str]:
    """What a reader of the counts should know, one sentence each."""
    yield from dataset.notes
    for name in map(str, dataset.attributes):
        values, codes = dataset.coded(name)
        counts = dict(zip(values.tolist(), np.bincount(codes, minlength=len(values)).tolist(), strict=True))
        for group in look_alikes(counts):
            said = ", ".join(f"{value!r} ({counts[value]:,})" for value in group)
            yield f"Values of {name} that look alike: {said}. `pool` puts them together, if they are one."
        if len(values) > MANY:
            yield f"{name} has {len(values):,} values, each a subgroup of its own: {_fewer(name, values)}."
    if found := copies(dataset):
        yield (
            f"{found:,} of {len(dataset):,} samples are copies of one of another cluster, in input, label and "
            "attributes: if they are of one person, name the column that says so as `cluster`."
        )


def _fewer(name: str, values: NDArray[np.str_]) -> str:
    edges = proposed_edges(values.tolist())
    return f"`bins: {{{name}: {edges}}}` would make {len(edges) + 1}" if edges else "`pool` puts values together"


def _row(dataset: Dataset, attribute: str, value: str, rows: NDArray[np.bool_]) -> dict[str, str | int]:
    """The counts of one group of rows."""
    labels = dataset.labels[rows]
    counts = labels.sum(axis=0) if labels.ndim == 2 else np.bincount(labels, minlength=len(dataset.classes))
    return {
        "attribute": attribute,
        "value": value,
        **dict(zip(dataset.classes, counts.tolist(), strict=True)),
        "samples": len(labels),
        "clusters": len(np.unique(dataset.clusters[rows])),
    }
