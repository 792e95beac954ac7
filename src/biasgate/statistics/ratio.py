"""The ratio of two rates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from biasgate.statistics.intervals import Real, root

Point = tuple[float, float, float]
"""An estimate with its limits: value, low, high."""


def ratio_limits(
    first: tuple[Real, Real, Real], second: tuple[Real, Real, Real], *, correlation: Real | float = 0.0
) -> tuple[Real, Real]:
    """Limits of rate₁ / rate₂ from the limits of each, the method of variance estimates recovery.

    The θ at which 0 is a square-and-add limit of rate₁ − θ·rate₂, the roots of a quadratic (Donner and Zou, Statistical
    Methods in Medical Research 21:347, 2012). A rate₁ of 0 is no obstacle; the upper limit is infinite where rate₂ may
    be 0.

    Args:
        first: Numerator as (value, low, high); numbers, or arrays of as many pairs.
        second: Denominator; its value is above zero.
        correlation: ρ of the two estimates.
    """
    (rate1, low1, high1), (rate2, low2, high2) = first, second
    near = rate1 * rate2 - correlation * (rate1 - low1) * (high2 - rate2)
    far = rate1 * rate2 - correlation * (high1 - rate1) * (rate2 - low2)
    least = low1 * (2 * rate1 - low1)
    most = low2 * (2 * rate2 - low2)
    low = _over(least, near + _root(near, least * high2 * (2 * rate2 - high2)), least > 0, 0.0)
    high = _over(far + _root(far, most * high1 * (2 * rate1 - high1)), most, most > 0, math.inf)
    return low, high


def _root(half: Any, product: Any) -> Any:
    return root(half**2 - product)


def _over(numerator: Any, denominator: Any, possible: Any, otherwise: float) -> Any:
    if isinstance(possible, np.ndarray):
        return np.where(possible, numerator / np.where(possible, denominator, 1.0), otherwise)
    return numerator / denominator if possible else otherwise
