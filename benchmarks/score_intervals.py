"""Score intervals of differences of two rates: the peers that the library's own intervals are measured against."""

from __future__ import annotations

import math
from collections.abc import Callable

from biasgate.statistics.intervals import quantile
from biasgate.statistics.paired import Pairs


def miettinen_nurminen(
    successes: tuple[float, float], trials: tuple[float, float], *, confidence: float
) -> tuple[float, float]:
    """Score interval for rate₁ − rate₂, independent: it misses up to twice what it says on one side.

    The δ that the score test does not reject: (d − δ)² ≤ z² · N/(N−1) · Σ p̃ᵢ(1 − p̃ᵢ)/nᵢ, with p̃ the maximum-likelihood
    rates under rate₁ − rate₂ = δ (Miettinen and Nurminen, Statistics in Medicine 4:213, 1985).
    """
    total = sum(trials)
    difference = successes[0] / trials[0] - successes[1] / trials[1]
    limit = quantile(confidence) ** 2 * total / (total - 1)

    def excess(delta: float) -> float:
        second = _restricted_rate(successes, trials, delta)
        first = second + delta
        variance = first * (1 - first) / trials[0] + second * (1 - second) / trials[1]
        return (difference - delta) ** 2 - limit * variance

    return _limits(excess, difference)


def _restricted_rate(successes: tuple[float, float], trials: tuple[float, float], delta: float) -> float:
    """Maximum-likelihood rate₂ under rate₁ − rate₂ = δ: the root of Miettinen and Nurminen's cubic, in closed form."""
    (x1, x2), (n1, n2) = successes, trials
    a = n1 + n2
    b = (n1 + 2 * n2) * delta - a - x1 - x2
    c = (n2 * delta - a - 2 * x2) * delta + x1 + x2
    d = x2 * delta * (1 - delta)
    q = b**3 / (27 * a**3) - b * c / (6 * a**2) + d / (2 * a)
    p = math.copysign(math.sqrt(max(0.0, b**2 / (9 * a**2) - c / (3 * a))), q)
    angle = (math.pi + math.acos(max(-1.0, min(1.0, q / p**3)))) / 3 if p else math.pi / 2
    rate = 2 * p * math.cos(angle) - b / (3 * a)
    return max(0.0, -delta, min(rate, 1.0, 1 - delta))


def tango(pairs: Pairs, *, confidence: float) -> tuple[float, float]:
    """Score interval for rate₁ − rate₂ (Tango, Statistics in Medicine 17:891, 1998).

    The δ with (b − c − nδ)² ≤ z² · n · (2q̃ + δ(1 − δ)), where b and c are the discordant pairs and q̃ is the
    maximum-likelihood share of the second kind under δ.
    """
    b, c, n = pairs.first, pairs.second, pairs.total
    limit = quantile(confidence) ** 2 * n

    def excess(delta: float) -> float:
        slope = (2 * n - b + c) * delta - b - c
        share = (math.sqrt(max(0.0, slope**2 + 8 * n * c * delta * (1 - delta))) - slope) / (4 * n)
        return (b - c - n * delta) ** 2 - limit * max(0.0, 2 * share + delta * (1 - delta))

    return _limits(excess, pairs.difference)


def _limits(excess: Callable[[float], float], difference: float) -> tuple[float, float]:
    """The two ends of {δ in [−1, 1] : excess(δ) ≤ 0}, an interval around ``difference``."""
    from scipy.optimize import root_scalar

    step = 1e-9  # At the difference itself the excess may be zero: that root is no limit.

    def end(edge: float) -> float:
        start = difference + math.copysign(step, edge)
        if abs(start) >= 1 or excess(start) >= 0:
            return max(-1.0, min(1.0, start if abs(start) < 1 else difference))
        return float(root_scalar(excess, bracket=(start, edge)).root) if excess(edge) > 0 else edge

    return end(-1.0), end(1.0)
