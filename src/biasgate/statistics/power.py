"""How many units a margin needs, before anything is measured."""

from __future__ import annotations

import math

from biasgate.statistics.intervals import newcombe, quantile


def gap_half_width(rate: float, units: int, *, confidence: float = 0.95) -> float:
    """Half the width of the reported interval of a gap when two groups of ``units`` each truly have this rate."""
    successes = rate * units
    low, high = newcombe((successes, successes), (units, units), confidence=confidence)
    return (high - low) / 2


def units_for_gap(rate: float, margin: float, *, confidence: float = 0.95, power: float = 0.8) -> int:
    """Units a group that let a true gap of 0 be shown to lie within ``margin``, both ways, with this power.

    n = (z_{(1+confidence)/2} + z_{(1+power)/2})² · 2 · rate · (1 − rate) / margin², the size of two one-sided tests on
    independent groups (Chow, Shao and Wang, Sample Size Calculations in Clinical Research, 2008, section 4.2).
    """
    z = quantile(confidence) + quantile(power)
    return math.ceil(z**2 * 2 * rate * (1 - rate) / margin**2)
