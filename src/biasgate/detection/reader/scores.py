"""Scores of readers on test models, each with an interval over models."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.held_out import BiasScore, CalibrationTest, LevelScore, StrengthScore
from biasgate.detection.reader.ridge import Array
from biasgate.statistics.intervals import wilson

Rows: TypeAlias = NDArray[np.int64]

CONFIDENCE = 0.95
DRAWS = 2000


def score_levels(name: str, *, probabilities: Array, levels: np.ndarray) -> LevelScore:
    """Scores probabilities ``[n, levels]`` against level indices ``[n]``, whether levels have an order or not."""
    truth = np.eye(probabilities.shape[1])[levels]
    misses = ((probabilities - truth) ** 2).sum(axis=1)
    chosen = np.clip((probabilities * truth).sum(axis=1), 1e-12, 1)
    return LevelScore(
        name=name,
        levels=share(probabilities.argmax(axis=1) == levels),
        log_loss=bootstrap(lambda rows: -np.log(chosen[rows]).mean(axis=-1), len(levels)),
        brier=bootstrap(lambda rows: misses[rows].mean(axis=-1), len(levels)),
        calibration=calibration_test(probabilities, levels),
    )


def score_strength(
    name: str, *, readings: Array, probabilities: Array, axis: Array, levels: np.ndarray
) -> StrengthScore:
    """Scores readings ``[n]`` and probabilities ``[n, levels]`` against axis values and level indices ``[n]``."""
    count = probabilities.shape[1]
    named = probabilities.argmax(axis=1)
    ends = np.isin(levels, (0, count - 1))
    sides = levels != (count - 1) / 2
    upper = np.arange(count) > (count - 1) / 2
    lower = np.arange(count) < (count - 1) / 2
    high = probabilities[:, upper].sum(axis=1) > probabilities[:, lower].sum(axis=1)
    strongest = probabilities[:, -1] > probabilities[:, 0]
    return StrengthScore(
        **dict(score_levels(name, probabilities=probabilities, levels=levels)),
        rmse=bootstrap(lambda rows: rmse(readings[rows] - axis[rows]), len(axis)),
        mae=bootstrap(lambda rows: np.abs(readings[rows] - axis[rows]).mean(axis=-1), len(axis)),
        halves=share((high == upper[levels])[sides]),
        extremes=share((strongest == (levels == count - 1))[ends]),
        kappa=bootstrap(lambda rows: quadratic_kappa(levels[rows], named[rows]), len(axis)),
    )


def score_biased(name: str, *, readings: Array, probabilities: Array, axis: Array, levels: np.ndarray) -> StrengthScore:
    """Scores the models that have planted bias, given that they have: the first level and its probability left out."""
    biased = levels > 0
    given = np.maximum(probabilities[biased, 1:], 1e-12)
    return score_strength(
        name,
        readings=readings[biased],
        probabilities=given / given.sum(axis=1, keepdims=True),
        axis=axis[biased],
        levels=levels[biased] - 1,
    )


def none_or_any(probabilities: Array, levels: np.ndarray) -> Estimate:
    """Balanced accuracy of "no bias": mean of the shares of unbiased and of biased models told rightly.

    A model counts as biased when that is the likelier, with as many unbiased as biased models expected. The interval
    adds the squared arms of both shares' Wilson intervals (MOVER, Zou and Donner 2008).
    """
    count = probabilities.shape[1]
    any_bias = (1 - probabilities[:, 0]) / (count - 1) > probabilities[:, 0]
    right, none = any_bias == (levels > 0), levels == 0
    first, second = share(right[none]), share(right[~none])
    value = (first.value + second.value) / 2
    below = np.hypot(first.value - first.low, second.value - second.low) / 2
    above = np.hypot(first.high - first.value, second.high - second.value) / 2
    limits = float(value - below), float(value + above)
    return Estimate.within(limits, value=value, n=len(levels), method="wilson, MOVER", confidence=CONFIDENCE)


def score_bias(*, predicted: list[Estimate], measured: Array, levels: np.ndarray) -> BiasScore:
    """Scores predictions of the measured bias ``[n]``, which lies in [0, 1]: what is below zero counts as zero."""
    values = np.array([estimate.value for estimate in predicted])
    error = values - measured
    means = np.bincount(levels, weights=measured) / np.maximum(np.bincount(levels), 1)
    within = measured - means[levels]
    inside = np.array([e.low <= y <= e.high for e, y in zip(predicted, measured.tolist(), strict=True)])
    return BiasScore(
        rmse=bootstrap(lambda rows: rmse(error[rows]), len(error)),
        r2=bootstrap(lambda rows: _explained(error[rows], _centred(measured[rows])), len(error)),
        within_level=bootstrap(lambda rows: _explained(error[rows], within[rows]), len(error)),
        coverage=share(inside),
    )


def calibration_test(probabilities: Array, levels: np.ndarray) -> CalibrationTest:
    """Tests probabilities ``[n, levels]`` against level indices ``[n]`` of models that calibrated nothing.

    With p of one model, its Brier score 1 + Σp² − 2p_level has mean 1 − Σp² and variance 4(Σp³ − (Σp²)²) if level is
    drawn from p, and z is the standardised sum (Spiegelhalter, Probabilistic prediction in patient management and
    clinical trials, 1986, for two outcomes). Deviations of counts D = Σ(onehot − p) have covariance
    Σ(diag p − p pᵀ) = C, and DᵀC⁺D is chi-square.
    """
    from scipy.stats import chi2, norm

    n, count = probabilities.shape
    second = (probabilities**2).sum(axis=1)
    excess = 2 * (second - probabilities[np.arange(n), levels])
    variance = 4 * ((probabilities**3).sum(axis=1) - second**2)
    z = float(excess.sum() / np.sqrt(max(variance.sum(), 1e-12)))
    deviation = np.bincount(levels, minlength=count) - probabilities.sum(axis=0)
    covariance = np.diag(probabilities.sum(axis=0)) - probabilities.T @ probabilities
    chi_square = float(max(deviation @ np.linalg.pinv(covariance, rcond=1e-9, hermitian=True) @ deviation, 0))
    return CalibrationTest(
        z=z,
        sureness=float(2 * norm.sf(abs(z))),
        chi_square=chi_square,
        counts=float(chi2.sf(chi_square, count - 1)),
    )


def share(outcomes: np.ndarray, *, confidence: float = CONFIDENCE) -> Estimate:
    """A rate over models with Wilson's interval."""
    return wilson(int(outcomes.sum()), len(outcomes), confidence=confidence)


def bootstrap(statistic: Callable[[Rows], Array | float], n: int) -> Estimate:
    """A statistic of models with its percentile bootstrap interval; models are drawn with replacement.

    Args:
        statistic: From row indices ``[..., n]`` to values ``[...]``.
        n: Models.
    """
    value = float(statistic(np.arange(n)))
    draws = statistic(np.random.default_rng(0).integers(n, size=(DRAWS, n)))
    low, high = np.quantile(draws, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]).tolist()
    return Estimate.within((low, high), value=value, n=n, method="bootstrap", confidence=CONFIDENCE)


def rmse(error: Array) -> Array:
    """Root mean square over the last axis."""
    return np.sqrt(np.mean(error**2, axis=-1))


def quadratic_kappa(first: Array, second: Array) -> Array:
    """Cohen's kappa with quadratic weights over the last axis; 0 when both are constant and equal.

    The expected square of independent draws is var + var + (difference of means)².
    """
    shift = first.mean(axis=-1) - second.mean(axis=-1)
    expected = first.var(axis=-1) + second.var(axis=-1) + shift**2
    return np.where(expected > 0, 1 - ((first - second) ** 2).mean(axis=-1) / np.where(expected > 0, expected, 1), 0)


def _centred(values: Array) -> Array:
    return values - values.mean(axis=-1, keepdims=True)


def _explained(error: Array, deviation: Array) -> Array:
    total = (deviation**2).sum(axis=-1)
    return np.where(total > 0, 1 - (error**2).sum(axis=-1) / np.where(total > 0, total, 1), 0)
