"""A data set in memory: samples, labels, attributes, and the cluster that each sample belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from itertools import chain

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.data.columns import Column
from biasgate.data.rows import parts, row_digests, text_digests
from biasgate.data.stored import StoredPictures
from biasgate.errors import InputError

ROWS = 2**16
"""Rows whose digest is taken at a time."""
UNKNOWN = "unknown"
"""The value of an attribute that is not known: such a sample counts in the whole set, and in no subgroup."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Samples with what is known about each.

    Attributes:
        samples: Images ``uint8 [n, height, width, channels]`` or rows ``float32 [n, features]``. Images that would fill
            the memory stay in their files: rows of them are arrays, and so is ``numpy.asarray(samples)``.
        labels: Class index ``int64 [n]``, or ``int64 [n, labels]`` of 0/1 for multi-label sets.
        classes: Class (or label) names, by index.
        attributes: One column of text, or of categories, an attribute, ``n`` rows: the sensitive or spurious
            properties. Row ``i`` is of sample ``i``: an index that the table has is dropped.
        clusters: What is independent of what: equal values are one cluster (a person, a digit coloured twice). ``[n]``.
        name: For people.
        collected: When the last of it was gathered; no part of the digest.
        weights: How many of the population each sample stands for, up to one factor, ``float64 [n]``, finite and above
            zero; None when all samples count alike.
        dropped: Samples that the source left out, by reason; no part of the digest.
        pooled: Values that the source put together: rows by attribute, name of the group and value as it was written;
            no part of the digest.
        columns: Of a table: which features come from which column; no part of the digest.
        notes: What else the source did with what it read, one sentence each; no part of the digest.
        keys: What each sample is called, as text ``[n]``, where the source says: predictions made elsewhere are joined
            by it.
        clusters_declared: True when the source says what the clusters are, so that samples which equal each other are
            of several; otherwise copies count once (``copies.counted_once``). No part of the digest.
    """

    samples: NDArray[np.uint8] | NDArray[np.float32] | StoredPictures
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    attributes: pd.DataFrame
    clusters: NDArray[np.int64] = field(repr=False)
    name: str = "data set"
    collected: date | None = None
    weights: NDArray[np.float64] | None = field(default=None, repr=False)
    dropped: dict[str, int] = field(default_factory=dict[str, int])
    pooled: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict[str, dict[str, dict[str, int]]])
    columns: tuple[Column, ...] = ()
    notes: tuple[str, ...] = ()
    keys: NDArray[np.str_] | None = field(default=None, repr=False)
    clusters_declared: bool = False

    def __post_init__(self) -> None:
        parts = [self.samples, self.labels, self.attributes, self.clusters]
        lengths = {len(part) for part in (*parts, self.weights, self.keys) if part is not None}
        if len(lengths) != 1:
            what = f"samples, labels, attributes, clusters, weights and keys differ in length: {sorted(lengths)}"
            raise InputError(what, where=self.name)
        object.__setattr__(self, "attributes", self.attributes.reset_index(drop=True))

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def array(self) -> NDArray[np.uint8] | NDArray[np.float32]:
        """All samples in memory."""
        return np.asarray(self.samples)

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Dataset:
        """The same set with only these rows (indices or a mask), in this order."""
        indices = np.flatnonzero(rows) if rows.dtype == bool else rows.astype(np.int64, copy=False)
        return replace(
            self,
            samples=self.samples.take(indices, axis=0),
            labels=self.labels[rows],
            attributes=self.attributes.iloc[indices],
            clusters=self.clusters[rows],
            weights=None if self.weights is None else self.weights[rows],
            keys=None if self.keys is None else self.keys[rows],
        )

    def evenly(self, most: int) -> Dataset:
        """At most so many samples, evenly chosen over the whole set."""
        return self.take(np.unique(np.linspace(0, len(self) - 1, most, dtype=np.int64)))

    def attribute(self, name: str) -> NDArray[np.str_]:
        """One attribute as strings ``[n]``.

        Raises:
            InputError: The set has no such attribute; names those it has.
        """
        values, codes = self.coded(name)
        return values[codes]

    def coded(self, name: str) -> tuple[NDArray[np.str_], NDArray[np.int32]]:
        """The values of one attribute that occur, sorted, and which of them each sample has ``[n]``.

        Raises:
            InputError: The set has no such attribute; names those it has.
        """
        if name not in self.attributes:
            raise InputError(f"no attribute {name!r}", where=self.name, fix=f"it has {sorted(self.attributes)}")
        column = self.attributes[name]
        if isinstance(column.dtype, pd.CategoricalDtype) and not column.hasnans:
            codes = column.cat.codes.to_numpy()
            used = np.flatnonzero(np.bincount(codes, minlength=len(column.cat.categories)))
            values, order = np.unique(column.cat.categories.to_numpy(dtype=str)[used], return_inverse=True)
            place = np.zeros(len(column.cat.categories), dtype=np.int32)
            place[used] = order.astype(np.int32)
            return values, place[codes]
        codes, found = pd.factorize(column.astype(str))
        values, order = np.unique(np.asarray(found, dtype=str), return_inverse=True)
        return values, order[codes].astype(np.int32)

    @cached_property
    def digest(self) -> str:
        """One digest over samples, labels, classes, attributes, clusters and, when given, weights and keys."""
        total = hashlib.sha256(repr((self.samples.shape, str(self.samples.dtype), self.classes)).encode())
        for array in chain(parts(self.samples), (self.labels, self.clusters)):
            total.update(np.ascontiguousarray(array).data)
        for column in sorted(self.attributes):
            for text in _as_list(column, *self.coded(column)):
                total.update(text.encode())
        if self.weights is not None:
            total.update(b"weights" + np.ascontiguousarray(self.weights).tobytes())
        if self.keys is not None:
            total.update(b"keys" + repr(self.keys.tolist()).encode())
        return "sha256:" + total.hexdigest()

    @cached_property
    def row_digests(self) -> NDArray[np.uint64]:
        """What each row is known by wherever it turns up, ``[n]``; see ``rows.row_digests``.

        Of a set without samples it is the row's key, else its place, label and attributes.
        """
        if self.samples.size:
            return row_digests(self.samples)
        if self.keys is not None:
            return text_digests(self.keys.tolist())
        told = [self.labels.tolist(), *(self.attribute(str(name)).tolist() for name in sorted(self.attributes))]
        return text_digests(map(repr, zip(range(len(self)), *told, strict=True)))


def _as_list(name: str, values: NDArray[np.str_], codes: NDArray[np.int32]) -> Iterator[str]:
    """The text of a pair of a name and a list of strings, in pieces."""
    written = np.array([repr(value) for value in values.tolist()], dtype=object)
    yield f"({name!r}, ["
    for first in range(0, len(codes), ROWS):
        rows = ", ".join(written[codes[first : first + ROWS]])
        yield f", {rows}" if first else rows
    yield "])"
