"""Cuts: a data set divided into subgroups, and these into clusters, once for all metrics."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.data.subgroups import crossings, partitions
from biasgate.statistics.clustered import Sums

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
        sizes: Rows of each ``[clusters]``, or their sampling weights, which sum to the rows of the subgroup.
        totals: Sum of what was added up over them, each row times its weight ``[clusters]``.
        heaviest: Largest weight of a row; None where rows have none.
    """

    clusters: NDArray[np.int32]
    sizes: NDArray[np.number]
    totals: NDArray[np.number]
    heaviest: float | None = None

    def sums(self, rows: int, *, ends: tuple[float, float] = (0.0, 1.0)) -> Sums:
        """What bounds of the mean need, of so many rows."""
        return Sums(rows, float(self.totals.sum()), self.sizes, self.totals, ends, self.heaviest)


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
        weights: Sampling weights ``[rows]``; None where rows have none.
    """

    attributes: tuple[str, ...]
    subgroups: tuple[dict[str, str], ...]
    codes: NDArray[np.int32]
    unknown: int
    clusters: NDArray[np.int32]
    by_cluster_order: NDArray[np.int64]
    cluster_count: int
    weights: NDArray[np.float64] | None

    @property
    def plain(self) -> bool:
        """True when rows are independent and weigh the same."""
        return not self.repeat and self.weights is None

    @property
    def repeat(self) -> bool:
        """True when some cluster of the data set has more than one row."""
        return self.cluster_count < len(self.codes)

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """Rows of each subgroup ``[subgroups]``."""
        return np.bincount(self.codes, minlength=len(self.subgroups) + 1)[:-1]

    def count(self, rows: NDArray[np.bool_]) -> NDArray[np.int64]:
        """How many of these rows each subgroup has ``[subgroups]``."""
        return np.bincount(self.codes[rows], minlength=len(self.subgroups) + 1)[:-1]

    def weigh(self, rows: NDArray[np.bool_]) -> NDArray[np.float64]:
        """What these rows weigh in each subgroup ``[subgroups]``: their number, where rows have no weights."""
        weights = None if self.weights is None else self.weights[rows]
        return np.bincount(self.codes[rows], weights=weights, minlength=len(self.subgroups) + 1)[:-1].astype(float)

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
        ends = np.append(0, np.cumsum(some))[self.runs.last + 1]

        def parts(column: NDArray[np.number]) -> list[NDArray[np.number]]:
            return np.split(column[some], ends)[:-1]

        clusters = np.split(self.runs.clusters[some], ends)[:-1]
        columns = zip(clusters, parts(sizes), parts(self._added(values)), strict=True)
        if self.weights is None:
            return [ByCluster(*part) for part in columns]
        most = parts(np.maximum.reduceat((counted * self.weights)[self.runs.order], self.runs.starts))
        found = zip(columns, most, self.count(counted).tolist(), strict=True)
        return [_scaled(ByCluster(*part), heaviest, rows) for part, heaviest, rows in found]

    def _added(self, values: Rows) -> NDArray[np.number]:
        if self.weights is not None:
            return np.add.reduceat((values * self.weights)[self.runs.order], self.runs.starts)
        return np.add.reduceat(values[self.runs.order].astype(np.int32), self.runs.starts, dtype=np.int32)

    @cached_property
    def rows(self) -> list[NDArray[np.int64]]:
        """The rows of each subgroup, by cluster."""
        return np.split(self.runs.order, np.cumsum(self.sizes))[:-1]


def _scaled(part: ByCluster, heaviest: NDArray[np.number], rows: int) -> ByCluster:
    """Weights that sum to the number of rows: only their proportions tell anything."""
    factor = rows / part.sizes.sum() if rows else 1.0
    most = factor * float(heaviest.max(initial=0.0))
    return ByCluster(part.clusters, part.sizes * factor, part.totals * factor, most)


def cuts(dataset: Dataset, spec: EvaluationSpec) -> list[Cut]:
    """The whole set and every combination of attributes that a spec asks for, then those within its strata."""
    names, clusters = np.unique(dataset.clusters, return_inverse=True)
    clusters = clusters.astype(np.int32)
    order = np.argsort(clusters, kind="stable")
    return [
        Cut(part.attributes, part.subgroups, part.codes, part.unknown, clusters, order, len(names), dataset.weights)
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
