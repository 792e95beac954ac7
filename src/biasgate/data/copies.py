"""Rows that are copies of another: they look like more evidence than there is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.util import hash_pandas_object
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from biasgate.data.dataset import Dataset
from biasgate.data.rows import exact_digests
from biasgate.data.stored import StoredPictures


@dataclass(frozen=True, eq=False)
class Counted:
    """A set as its rows count.

    Attributes:
        dataset: The set; clusters that hold copies of one sample are joined.
        copies: Samples that are copies of another and count once with it.
        alike: Samples that equal another and count each, since the columns cannot tell copies from people.
    """

    dataset: Dataset
    copies: int = 0
    alike: int = 0


def counted_once(dataset: Dataset) -> Counted:
    """The same set with clusters joined that hold copies of one sample, unless its source declares what they are.

    Copies equal one of another cluster in all that is known of them: sample, label and attributes. A sample that is
    there twenty times is no more evidence than once. Clusters that share a copy are one, and so are those that they
    share another with. Where columns of few values make different people alike, each row counts.
    """
    if dataset.clusters_declared:
        return Counted(dataset)
    keys = _keys(dataset)
    known, firsts, key = np.unique(keys, return_index=True, return_inverse=True)
    words = _words(dataset.samples)
    if len(known) == len(dataset) or not (words != words[:1]).any():
        return Counted(dataset)
    found = _copies(keys, dataset.clusters)
    if dataset.samples.ndim == 2 and not _tells_apart(dataset.take(np.argsort(keys))):
        return Counted(dataset, alike=found)
    names, clusters = np.unique(dataset.clusters, return_inverse=True)
    ends = clusters, clusters[firsts][key]
    shared = coo_array((np.ones(len(dataset), np.int8), ends), shape=(len(names), len(names)))
    joined = connected_components(shared, directed=False)[1].astype(np.int64)
    return Counted(replace(dataset, clusters=joined[clusters]), copies=found)


def _tells_apart(table: Dataset) -> bool:
    """Whether rows of a table that are alike must be copies: half of them still differ when each column is shuffled.

    Args:
        table: In an order that does not depend on how it is stored.
    """
    draw, attributes = np.random.default_rng(0), table.attributes
    values = {name: draw.permutation(column) for name, column in attributes.items()}
    shuffled = replace(
        table,
        samples=draw.permuted(np.asarray(table.samples), axis=0),
        labels=draw.permuted(table.labels, axis=0),
        attributes=pd.DataFrame(values, index=attributes.index),
    )
    return 2 * len(np.unique(_keys(shuffled))) >= len(table)


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
    known = [dataset.labels.reshape(len(dataset), -1), *(dataset.coded(str(name))[1] for name in dataset.attributes)]
    columns = pd.concat([pd.DataFrame(part) for part in (_words(dataset.samples), *known)], axis=1)
    return hash_pandas_object(columns, index=False).to_numpy()  # pyright: ignore


def _words(samples: NDArray[Any] | StoredPictures) -> NDArray[np.uint64]:
    """What tells samples apart ``[n, words]``: all of a row, and a number from all of a picture."""
    if isinstance(samples, StoredPictures):
        return samples.digests[:, None]
    if samples.ndim > 2:
        return exact_digests(samples)[:, None]
    rows = np.ascontiguousarray(samples).view(np.uint8)
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 8))).view(np.uint64)
