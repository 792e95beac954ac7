"""Cuts: a data set divided into subgroups, and these into clusters, once for all metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.data.subgroups import crossings, partitions

Rows = NDArray[np.bool_] | NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Runs:
    """Rows that are of one subgroup and one cluster: runs of the rows in that order.

    Attributes:
        order: The rows, by subgroup, then cluster ``[rows]``.
        starts: Where each run begins ``[runs]``.
        clusters: Its cluster's code ``[runs]``.
        last: The last run of each subgroup, or of the one before where it has none; −1 before the first
            ``[subgroups]``.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    clusters: NDArray[np.int32]
    last: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ByCluster:
    """Those rows of a subgroup that count, cluster by cluster.

    Attributes:
        clusters: Codes of the clusters that have any, ascending ``[clusters]``.
        sizes: Rows of each ``[clusters]``.
        totals: Sum of what was added up over them ``[clusters]``.
    """

    clusters: NDArray[np.int32]
    sizes: NDArray[np.int32]
    totals: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Cut:
    """A data set divided into the subgroups of one combination of attributes.

    Attributes:
        attributes: Which; none for the whole set.
        subgroups: Attribute values of each.
        codes: Which subgroup each row is in, ``[rows]``; one past the last where it is in none.
        unknown: Rows that are in none.
        clusters: Code of each row's cluster, in the order of the clusters' numbers, ``[rows]``.
        by_cluster_order: The rows by cluster, ``[rows]``.
        cluster_count: Clusters of the data set.
    """

    attributes: tuple[str, ...]
    subgroups: tuple[dict[str, str], ...]
    codes: NDArray[np.int32]
    unknown: int
    clusters: NDArray[np.int32]
    by_cluster_order: NDArray[np.int64]
    cluster_count: int

    @property
    def repeat(self) -> bool:
        """True when some cluster of the data set has more than one row."""
        return self.cluster_count < len(self.codes)

    def count(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of these rows each subgroup has ``[subgroups]``."""
        return np.bincount(self.codes[rows], minlength=len(self.subgroups) + 1)[:-1]

    @cached_property
    def runs(self) -> Runs:
        """Its rows by subgroup and cluster."""
        order = self.by_cluster_order[np.argsort(self.codes[self.by_cluster_order], kind="stable")]
        codes, clusters = self.codes[order], self.clusters[order]
        starts = np.flatnonzero(np.append(True, (np.diff(codes) != 0) | (np.diff(clusters) != 0)))
        last = np.searchsorted(codes[starts], np.arange(len(self.subgroups)), side="right") - 1
        return Runs(order, starts, clusters[starts], last)

    def split(self, counted: NDArray[np.bool_], values: Rows) -> list[ByCluster]:
        """One small whole number a row, added up over the counted rows of each subgroup, cluster by cluster.

        Args:
            counted: ``[rows]``.
            values: 0 where a row does not count ``[rows]``.
        """
        sizes = self._added(counted)
        some = sizes > 0
        columns = (self.runs.clusters[some], sizes[some], self._added(values)[some])
        ends = np.append(0, np.cumsum(some))[self.runs.last + 1]
        return [ByCluster(*part) for part in zip(*(np.split(one, ends)[:-1] for one in columns), strict=True)]

    def _added(self, values: Rows) -> NDArray[np.int32]:
        return np.add.reduceat(values[self.runs.order].astype(np.int32), self.runs.starts, dtype=np.int32)

    @cached_property
    def rows(self) -> list[NDArray[np.int64]]:
        """The rows of each subgroup, by cluster."""
        ends = np.cumsum(np.bincount(self.codes, minlength=len(self.subgroups) + 1))
        return np.split(self.runs.order, ends)[: len(self.subgroups)]


def cuts(dataset: Dataset, spec: EvaluationSpec) -> list[Cut]:
    """The whole set and every combination of attributes that a spec asks for, then those within its strata."""
    names, clusters = np.unique(dataset.clusters, return_inverse=True)
    clusters = clusters.astype(np.int32)
    order = np.argsort(clusters, kind="stable")
    return [
        Cut(part.attributes, part.subgroups, part.codes, part.unknown, clusters, order, len(names))
        for part in partitions(dataset, [*crossings(spec.attributes, depth=spec.depth), *_within_strata(spec)])
    ]


def _within_strata(spec: EvaluationSpec) -> list[tuple[str, ...]]:
    """The strata, and what they make with each combination, where the spec does not ask for it anyway."""
    strata, asked = spec.strata or (), crossings(spec.attributes, depth=spec.depth)
    known, found = {frozenset(names) for names in asked}, list[tuple[str, ...]]()
    for names in asked if strata else ():
        crossed = (*names, *(name for name in strata if name not in names))
        if frozenset(crossed) not in known:
            known.add(frozenset(crossed))
            found.append(crossed)
    return found
