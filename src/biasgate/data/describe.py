"""How many samples of each label an attribute's values have."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset


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
