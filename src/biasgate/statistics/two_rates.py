"""The difference and the ratio of two rates, from bounds of each.

Both rates err, and how far is shared between them: where the whole may be z standard errors off, the first takes
z·cos φ and the second z·sin φ, and the worst share counts. For normal estimates that is √(δ₁² + δ₂²), square-and-add.
Near rates of 0 and 1, where the distances δ are no multiples of z, square-and-add of Clopper–Pearson limits errs up to
.046 of the time at .025, and this up to .024 in the places that ``benchmarks/interval_coverage.py`` enumerates. It is
the first term, for large deviations, of melding (Fay, Proschan and Brittain, Biometrics 71:146, 2015); taking that term
is ours.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.intervals import clopper_pearson, quantile

Floats = NDArray[np.float64]
Point = tuple[Any, Floats, Floats]
"""A rate with its lower and upper bounds at each of the ``levels``: value, ``[levels]``, ``[levels]``.

Or the rates of many pairs: ``[pairs]``, ``[levels, pairs]``, ``[levels, pairs]``.
"""
STEPS = 4
"""Into which a right angle is cut."""


def levels(confidence: float) -> tuple[float, ...]:
    """The two-sided confidences of z·cos φ, from all of it to none, when ``confidence`` is that of z."""
    from scipy.special import erf

    z = quantile(confidence) / math.sqrt(2)
    less = (float(erf(z * math.cos(math.pi / 2 * step / STEPS))) for step in range(1, STEPS + 1))
    return confidence, *less


def point_of(rate: float, bounds: Callable[[float], tuple[float, float]], *, confidence: float) -> Point:
    """A rate with its bounds.

    Args:
        rate: Its estimate.
        bounds: From a two-sided confidence to lower and upper bound.
        confidence: Of the difference or ratio that is asked for.
    """
    low, high = np.array([bounds(level) for level in levels(confidence)]).T
    return rate, low, high


def count_point(successes: float, trials: float, *, confidence: float) -> Point:
    """A rate of independent rows with its Clopper–Pearson bounds."""
    return point_of(
        successes / trials,
        lambda level: clopper_pearson(successes, trials, confidence=level),
        confidence=confidence,
    )


def difference_limits(first: Point, second: Point, *, correlation: Any = 0.0) -> tuple[Any, Any]:
    """Limits of rate₁ − rate₂; numbers, or arrays of as many pairs.

    Args:
        first: Minuend.
        second: Subtrahend.
        correlation: ρ of the two estimates, by which the limits are drawn in, or out, as square-and-add's would be.
    """
    (value1, low1, high1), (value2, low2, high2) = first, second
    value = value1 - value2
    below = _scale(value1 - low1[0], high2[0] - value2, correlation)
    above = _scale(high1[0] - value1, value2 - low2[0], correlation)
    low = value - below * (value - (low1 - high2[::-1]).min(axis=0))
    high = value + above * ((high1 - low2[::-1]).max(axis=0) - value)
    return np.maximum(-1.0, low), np.minimum(1.0, high)


def ratio_limits(first: Point, second: Point, *, correlation: Any = 0.0) -> tuple[Any, Any]:
    """Limits of rate₁ / rate₂; numbers, or arrays of as many pairs.

    A rate₁ of 0 is no obstacle; the upper limit is infinite where rate₂ may be 0.

    Args:
        first: Numerator.
        second: Denominator; its value is above zero.
        correlation: ρ of the two estimates, by which the limits' logarithms are drawn in, or out.
    """
    (value1, low1, high1), (value2, low2, high2) = first, second
    with np.errstate(divide="ignore", invalid="ignore"):
        value = value1 / value2
        low = (low1 / high2[::-1]).min(axis=0)
        high = np.where((low2 > 0).all(axis=0), (high1 / low2[::-1]).max(axis=0), np.inf)
        below = _scale(1 - low1[0] / value1, high2[0] / value2 - 1, correlation)
        above = _scale(high1[0] / value1 - 1, 1 - low2[0] / value2, correlation)
        low = np.where(value > 0, value * (low / value) ** below, 0.0)
        high = np.where(value > 0, value * (high / value) ** above, high)
    return low[()], high[()]


def _scale(first: Any, second: Any, correlation: Any) -> Any:
    """√(δ₁² − 2ρδ₁δ₂ + δ₂²) over √(δ₁² + δ₂²); 1 where neither is off."""
    squares = np.asarray(first**2 + second**2)
    share = 2 * correlation * first * second / np.where(squares > 0, squares, 1.0)
    return np.sqrt(np.maximum(0.0, 1 - share))
