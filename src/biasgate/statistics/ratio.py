"""The ratio of two rates."""

from __future__ import annotations

import math

Point = tuple[float, float, float]
"""An estimate with its limits: value, low, high."""


def ratio_limits(first: Point, second: Point, *, correlation: float = 0.0) -> tuple[float, float]:
    """Limits of rate₁ / rate₂ from the limits of each, the method of variance estimates recovery.

    The θ at which 0 is a square-and-add limit of rate₁ − θ·rate₂, the roots of a quadratic (Donner and Zou, Statistical
    Methods in Medical Research 21:347, 2012). A rate₁ of 0 is no obstacle; the upper limit is infinite where rate₂ may
    be 0.

    Args:
        first: Numerator.
        second: Denominator; its value is above zero.
        correlation: ρ of the two estimates.
    """
    (rate1, low1, high1), (rate2, low2, high2) = first, second
    near = rate1 * rate2 - correlation * (rate1 - low1) * (high2 - rate2)
    far = rate1 * rate2 - correlation * (high1 - rate1) * (rate2 - low2)
    least = low1 * (2 * rate1 - low1)
    most = low2 * (2 * rate2 - low2)
    low = least / (near + _root(near, least * high2 * (2 * rate2 - high2))) if least > 0 else 0.0
    high = (far + _root(far, most * high1 * (2 * rate1 - high1))) / most if most > 0 else math.inf
    return low, high


def _root(half: float, product: float) -> float:
    return math.sqrt(max(0.0, half**2 - product))
