"""Numbers: scores of one subgroup, each with its intervals and what each row adds to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import ScoreName
from biasgate.evaluation.problems import Problem
from biasgate.statistics.auc import auc_bounds, auc_limits, roc_auc
from biasgate.statistics.calibration import bin_parts, calibration_error, distances
from biasgate.statistics.logloss import loss_bounds, loss_limits, row_losses
from biasgate.statistics.recall import balanced_bounds, balanced_limits

Limits = tuple[float, float]
TAKE_PROBABILITIES: frozenset[ScoreName] = frozenset({"calibration_error", "roc_auc", "log_loss"})


@dataclass(frozen=True, eq=False)
class Number:
    """One score with its intervals.

    Attributes:
        value: Point estimate.
        parts: What each row adds to it, to first order (see ``statistics.linear``), ``[rows]``.
        units: The unit of each row, ``[rows]``.
        limits: From a two-sided confidence to the interval that is reported.
        bounds: Likewise to the bounds that decide.
        method: Of the reported interval.
        decided_by: Method of the bounds that decide.
        tested: True when a difference of two such numbers may be tested by its parts.
    """

    value: float
    parts: NDArray[np.float64]
    units: NDArray[np.int64]
    limits: Callable[[float], Limits]
    bounds: Callable[[float], Limits]
    method: str
    decided_by: str
    tested: bool = True


def limiting_units(metric: ScoreName, one: Problem, rows: NDArray[np.int64], units: NDArray[np.int64]) -> int:
    """The independent units that a score rests on: of the rarest class where it compares classes, else all.

    The classes are those of the whole set: a subgroup without one of them has no units for such a score.
    """
    if metric in ("calibration_error", "log_loss"):
        return len(np.unique(units[rows]))
    kinds = _kinds(metric, one)
    return min((len(np.unique(units[rows[kinds[rows] == kind]])) for kind in np.unique(kinds)), default=0)


def number(metric: ScoreName, one: Problem, rows: NDArray[np.int64], units: NDArray[np.int64]) -> Number:
    """A score over some rows, which hold every class that it compares.

    Args:
        metric: Its name.
        one: Truth, predictions and probabilities.
        rows: Indices of the rows, by unit.
        units: The unit of each row of the set.
    """
    owners = units[rows]
    if metric == "balanced_accuracy":
        return _balanced_accuracy(one.truth[rows], one.predicted[rows], owners)
    if one.probabilities is None:
        raise ValueError(f"{metric} takes probabilities")
    probabilities = one.probabilities[rows]
    match metric:
        case "roc_auc":
            return _roc_auc(probabilities[:, one.positive or 0], one.truth[rows] == one.positive, owners)
        case "log_loss":
            return _log_loss(row_losses(probabilities, one.truth[rows]), owners)
        case "calibration_error":
            return _calibration(probabilities.max(axis=1), probabilities.argmax(axis=1) == one.truth[rows], owners)


def _kinds(metric: ScoreName, one: Problem) -> NDArray[np.int64]:
    """What a score must have both or all of ``[rows]``: positive or not, or the classes."""
    return (one.truth == one.positive).astype(np.int64) if metric == "roc_auc" else one.truth


def _balanced_accuracy(truth: NDArray[np.int64], predicted: NDArray[np.int64], units: NDArray[np.int64]) -> Number:
    classes, codes, counts = np.unique(truth, return_inverse=True, return_counts=True)
    right = predicted == truth
    recalls = np.bincount(codes, weights=right) / counts
    sides = [(right[codes == k], units[codes == k]) for k in range(len(classes))]
    return Number(
        value=float(recalls.mean()),
        parts=(right - recalls[codes]) / (counts[codes] * len(classes)),
        units=units,
        limits=lambda level: balanced_limits(sides, confidence=level),
        bounds=lambda level: balanced_bounds(sides, confidence=level),
        method="mover, wilson",
        decided_by="korn-graubard, bonferroni",
    )


def _roc_auc(scores: NDArray[np.float64], positive: NDArray[np.bool_], units: NDArray[np.int64]) -> Number:
    area, parts = roc_auc(scores, positive)
    return Number(
        value=area,
        parts=parts,
        units=units,
        limits=lambda level: auc_limits(scores, positive, units, confidence=level),
        bounds=lambda level: auc_bounds(area, units, positive, confidence=level),
        method="wilson, delong",
        decided_by="chernoff",
    )


def _log_loss(losses: NDArray[np.float64], units: NDArray[np.int64]) -> Number:
    mean = float(losses.mean())
    return Number(
        value=mean,
        parts=(losses - mean) / len(losses),
        units=units,
        limits=lambda level: loss_limits(losses, units, confidence=level),
        bounds=lambda level: loss_bounds(losses, units, confidence=level),
        method="t, log",
        decided_by="t, two units more",
    )


def _calibration(confidence: NDArray[np.float64], right: NDArray[np.bool_], units: NDArray[np.int64]) -> Number:
    value = calibration_error(confidence, right)
    far = distances(confidence, right, units)

    def limits(level: float) -> Limits:
        reach = float(np.quantile(far, (1 + level) / 2))
        return max(0.0, value - reach), min(1.0, value + reach)

    return Number(
        value=value,
        parts=bin_parts(confidence, right),
        units=units,
        limits=limits,
        bounds=limits,
        method="normal, L1",
        decided_by="normal, L1",
        tested=False,
    )
