"""Rows that are copies of another: they look like more evidence than there is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.util import hash_pandas_object
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from biasgate.data.dataset import Dataset


def copies(dataset: Dataset) -> int:
    """Samples that equal one of another cluster in all that is known of them: sample, label and attributes.

    Rows of few features with few values are alike without being copies, and nothing here can tell.
    """
    return _copies(_keys(dataset), dataset.clusters)


def counted_once(dataset: Dataset) -> tuple[Dataset, int]:
    """The same set with clusters joined that hold copies of one sample, unless its source declares what they are.

    A sample that is there twenty times is no more evidence than once. Clusters that share a copy are one, and so are
    those that they share another with. Sets whose samples are all alike, or empty since only predictions are known,
    tell nothing of copies and stay as they are.

    Returns:
        The set, and how many samples are copies; 0 where it stays as it is.
    """
    if dataset.clusters_declared or not (dataset.samples != dataset.samples[:1]).any():
        return dataset, 0
    keys = _keys(dataset)
    known, firsts, key = np.unique(keys, return_index=True, return_inverse=True)
    if len(known) == len(dataset):
        return dataset, 0
    names, clusters = np.unique(dataset.clusters, return_inverse=True)
    ends = clusters, clusters[firsts][key]
    shared = coo_array((np.ones(len(dataset), np.int8), ends), shape=(len(names), len(names)))
    joined = connected_components(shared, directed=False)[1].astype(np.int64)
    return replace(dataset, clusters=joined[clusters]), _copies(keys, dataset.clusters)


def _copies(keys: NDArray[np.uint64], clusters: NDArray[np.int64]) -> int:
    """Rows whose key a row of another cluster has."""
    ordered = np.sort(keys)
    repeated = np.unique(ordered[1:][np.diff(ordered) == 0])
    rows = np.flatnonzero(np.isin(keys, repeated))
    order = rows[np.lexsort((clusters[rows], keys[rows]))]
    same_key = np.diff(keys[order]) == 0
    return int(np.count_nonzero(same_key & (np.diff(clusters[order]) != 0)))


def _keys(dataset: Dataset) -> NDArray[np.uint64]:
    """One number a sample ``[n]``; two that differ share one by a chance of 2⁻⁶⁴."""
    rows = np.ascontiguousarray(dataset.samples).reshape(len(dataset), -1).view(np.uint8)
    words = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8))).view(np.uint64)
    known = [dataset.labels.reshape(len(dataset), -1), *(dataset.coded(str(name))[1] for name in dataset.attributes)]
    columns = pd.concat([pd.DataFrame(part) for part in (words, *known)], axis=1)
    return hash_pandas_object(columns, index=False).to_numpy()  # pyright: ignore
