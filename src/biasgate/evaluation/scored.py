"""What is found of each score in each subgroup, before any of it becomes a document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.cut import Cut
from biasgate.evaluation.problems import Problem
from biasgate.statistics.catalogue import SCORES
from biasgate.statistics.metric import Limits, Number, ScoreMetric


@dataclass(frozen=True, eq=False)
class Scored:
    """One score of one label in one subgroup.

    Attributes:
        metric: Which.
        label: The label that is asked for, of a multi-label set.
        subgroup: Attribute values; empty for the whole set.
        rows: How many it has.
        clusters: Independent clusters that it rests on: of the rarest of the kinds of rows that it compares.
        effective: How many of equal size and weight they are worth.
        number: What was found; ``None`` when they are too few.
        known_bounds: The bounds that were asked for, by their confidence.
    """

    metric: ScoreMetric
    label: str | None
    subgroup: dict[str, str]
    rows: int
    clusters: int
    effective: float
    number: Number | None
    known_bounds: dict[float, Limits] = field(default_factory=dict[float, Limits])

    @property
    def found(self) -> Number:
        """The number, of a subgroup that has enough clusters.

        Raises:
            ValueError: It has not.
        """
        if self.number is None:
            raise ValueError("too few clusters for a number")
        return self.number

    def bounds(self, confidence: float) -> Limits:
        """The number's bounds: subgroups are in many pairs, which ask for the same ones."""
        if confidence not in self.known_bounds:
            self.known_bounds[confidence] = self.found.bounds(confidence)
        return self.known_bounds[confidence]


def scored(cuts: Sequence[Cut], spec: EvaluationSpec, asked: Sequence[Problem]) -> Iterator[list[Scored]]:
    """Every score in every subgroup, in families that are corrected for together: one metric, one combination.

    One family at a time: its numbers hold what each row adds.
    """
    for metric in (SCORES[name] for name in spec.scores or ()):
        about = [(one, metric.compared(one.answers)) for one in asked if metric.name in one.metrics]
        for cut in cuts:
            family = [each for one, kinds in about for each in _scored(cut, metric, one, kinds, spec)]
            if family:
                yield family


def _scored(
    cut: Cut, metric: ScoreMetric, asked: Problem, kinds: NDArray[np.int64], spec: EvaluationSpec
) -> Iterator[Scored]:
    """The subgroups of one cut; one with too few clusters costs no more than its count."""
    clusters, effective = _rarest(cut, kinds)
    for place, subgroup in enumerate(cut.subgroups):
        number = None
        if effective[place] >= spec.minimum:
            rows = cut.rows[place]
            number = metric.number(asked.answers.take(rows), cut.clusters[rows].astype(np.int64))
        known = int(clusters[place]), float(effective[place])
        yield Scored(metric, asked.label, subgroup, int(cut.sizes[place]), *known, number)


def _rarest(cut: Cut, kinds: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Of each subgroup the clusters of its rarest kind of row, and how many they are worth ``[subgroups]``.

    A subgroup that lacks a kind has none.
    """
    found = [_worth(cut, kinds == kind) for kind in np.unique(kinds)]
    counts, worth = zip(*found, strict=True)
    return np.min(counts, axis=0), np.min(worth, axis=0)


def _worth(cut: Cut, rows: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """How many clusters have such rows in each subgroup, and Kish's number of them ``[subgroups]``."""
    if cut.plain:
        counts = cut.count(rows)
        return counts, counts.astype(float)
    parts = cut.split(rows, rows)
    counts = np.array([len(part.clusters) for part in parts], dtype=np.int64)
    worth = [part.sums(len(part.clusters)).effective_clusters for part in parts]
    return counts, np.array(worth, dtype=float)
