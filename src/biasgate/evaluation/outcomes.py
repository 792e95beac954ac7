"""Outcomes: one metric in one subgroup, row by row, before any of it becomes a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.data.subgroups import subgroups
from biasgate.evaluation.problems import Problem
from biasgate.statistics.catalogue import RATES
from biasgate.statistics.clustered import repeats
from biasgate.statistics.metric import RateMetric


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Successes and failures of one metric in one subgroup, ordered by cluster.

    Attributes:
        metric: Which.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values; empty for the whole set.
        success: One outcome a trial, ``[trials]``.
        clusters: The cluster of each trial, ascending, ``[trials]``.
    """

    metric: RateMetric
    label: str | None
    subgroup: dict[str, str]
    success: NDArray[np.bool_]
    clusters: NDArray[np.int64]

    @property
    def rate(self) -> float:
        """Successes over trials, of which there is at least one."""
        return float(self.success.mean())

    @cached_property
    def size(self) -> int:
        """Independent clusters among the trials."""
        return len(np.unique(self.clusters))

    @cached_property
    def clustered(self) -> bool:
        """True when some cluster has several trials."""
        return repeats(self.clusters)

    @property
    def decided_by(self) -> str:
        """Name of the method of the bounds of its rate."""
        return "korn-graubard" if self.clustered else "clopper-pearson"


def outcomes(dataset: Dataset, spec: EvaluationSpec, asked: Sequence[Problem]) -> list[Outcomes]:
    """Every metric in every subgroup, by metric and label; see ``subgroups`` for their order.

    Args:
        dataset: Attributes and clusters.
        spec: Metrics and attributes.
        asked: Truth and predictions.
    """
    cells = list(subgroups(dataset, spec.attributes, depth=spec.depth))
    order = np.argsort(dataset.clusters, kind="stable")
    found: list[Outcomes] = []
    for metric in (RATES[name] for name in spec.metrics):
        for one in asked:
            counted, success = metric.trials(one.answers), metric.successes(one.answers)
            for subgroup, mask in cells:
                rows = order[(mask & counted)[order]]
                found.append(Outcomes(metric, one.label, subgroup, success[rows], dataset.clusters[rows]))
    return found
