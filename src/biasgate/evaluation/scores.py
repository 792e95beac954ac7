"""Scores: numbers that take the model's probabilities, in every subgroup."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.evaluation.problems import Problem
from biasgate.evaluation.schema import EvaluationSpec, Score, combination
from biasgate.evaluation.subgroups import subgroups
from biasgate.statistics.calibration import calibration_error, distances
from biasgate.statistics.estimate import Estimate
from biasgate.statistics.multiple import bonferroni

Cell = tuple[dict[str, str], NDArray[np.int64]]


def scores(dataset: Dataset, spec: EvaluationSpec, asked: Sequence[Problem]) -> list[Score]:
    """Every score in every subgroup, combination by combination and label by label.

    Args:
        dataset: Attributes and units.
        spec: Scores and attributes.
        asked: Truth and probabilities.
    """
    order = np.argsort(dataset.units, kind="stable")
    cells = [(subgroup, order[mask[order]]) for subgroup, mask in subgroups(dataset, spec.attributes, depth=spec.depth)]
    families = [list(family) for _, family in groupby(cells, key=lambda cell: combination(cell[0]))]
    return [
        score for family in families for one in asked for score in _calibration(family, dataset, spec, one, len(asked))
    ]


def _calibration(family: list[Cell], dataset: Dataset, spec: EvaluationSpec, one: Problem, labels: int) -> list[Score]:
    if one.probabilities is None:
        return []
    confidence, right = one.probabilities.max(axis=1), one.probabilities.argmax(axis=1) == one.truth
    sizes = [len(np.unique(dataset.units[rows])) for _, rows in family]
    simultaneous = bonferroni(spec.confidence, labels * sum(size >= spec.minimum for size in sizes))
    return [
        _score(
            (one.label, subgroup), confidence[rows], right[rows], dataset.units[rows], spec, simultaneous=simultaneous
        )
        if size >= spec.minimum
        else Score(metric="calibration_error", label=one.label, subgroup=subgroup, units=size)
        for (subgroup, rows), size in zip(family, sizes, strict=True)
    ]


def _score(
    named: tuple[str | None, dict[str, str]],
    confidence: NDArray[np.float64],
    right: NDArray[np.bool_],
    units: NDArray[np.int64],
    spec: EvaluationSpec,
    *,
    simultaneous: float,
) -> Score:
    value = calibration_error(confidence, right)
    far = distances(confidence, right, units)

    def limits(level: float) -> tuple[float, float]:
        reach = float(np.quantile(far, (1 + level) / 2))
        return max(0.0, value - reach), min(1.0, value + reach)

    size = len(np.unique(units))
    return Score(
        metric="calibration_error",
        label=named[0],
        subgroup=named[1],
        units=size,
        estimate=Estimate.within(
            limits(spec.confidence), value=value, n=size, method="normal, L1", confidence=spec.confidence
        ),
        bounds=limits(spec.confidence),
        simultaneous=limits(simultaneous),
    )
