"""Outcomes: one metric in one subgroup, added up by cluster, before any of it becomes a number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.cut import ByCluster, Cut
from biasgate.evaluation.problems import Problem
from biasgate.statistics.catalogue import RATES
from biasgate.statistics.clustered import Sums
from biasgate.statistics.metric import RateMetric


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Successes and failures of one metric in one subgroup.

    Attributes:
        metric: Which.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values; empty for the whole set.
        successes: Rows that succeeded.
        trials: Rows that count.
        by_cluster: The trials, and the successes as their totals, cluster by cluster; None where each cluster of the
            data set has one row, so that no two subgroups share any.
    """

    metric: RateMetric
    label: str | None
    subgroup: dict[str, str]
    successes: int
    trials: int
    by_cluster: ByCluster | None

    @property
    def rate(self) -> float:
        """Successes over trials, of which there is at least one."""
        return self.sums.mean

    @property
    def size(self) -> int:
        """Independent clusters among the trials."""
        return self.trials if self.by_cluster is None else len(self.by_cluster.clusters)

    @property
    def clustered(self) -> bool:
        """True when some cluster has several trials."""
        return self.size < self.trials

    @property
    def sufficient(self) -> float:
        """Clusters of equal size and weight that it is worth: what a spec's minimum is held against."""
        return self.sums.effective_clusters

    @cached_property
    def sums(self) -> Sums:
        """Its rows, added up."""
        counts = self.by_cluster
        if counts is None or (counts.heaviest is None and not self.clustered):
            return Sums(rows=self.trials, total=self.successes)
        return counts.sums(self.trials)


def families(cuts: Sequence[Cut], spec: EvaluationSpec, asked: Sequence[Problem]) -> Iterator[list[Outcomes]]:
    """The subgroups of each metric and attribute combination, of all labels: what is corrected for together."""
    for metric in (RATES[name] for name in spec.metrics):
        about = [one for one in asked if metric.name in one.metrics]
        counted = [(metric.trials(one.answers), metric.successes(one.answers)) for one in about]
        for cut in cuts:
            family: list[Outcomes] = []
            for one, (trials, successes) in zip(about, counted, strict=True):
                family += _outcomes(cut, metric, one.label, trials, trials & successes)
            if family:
                yield family


def _outcomes(
    cut: Cut, metric: RateMetric, label: str | None, trials: NDArray[np.bool_], successes: NDArray[np.bool_]
) -> Iterator[Outcomes]:
    counts = cut.count(successes), cut.count(trials)
    clusters = cut.split(trials, successes) if not cut.plain else [None] * len(cut.subgroups)
    for subgroup, success, trial, by_cluster in zip(cut.subgroups, *counts, clusters, strict=True):
        yield Outcomes(metric, label, subgroup, int(success), int(trial), by_cluster)
