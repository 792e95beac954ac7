"""What a number of clusters can show, before anything is measured."""

from __future__ import annotations

import math

from biasgate.statistics.intervals import quantile


def rate_to_pass(limit: float, clusters: int, *, confidence: float = 0.95, power: float = 0.8) -> float | None:
    """The lowest true rate whose Clopper–Pearson lower bound reaches ``limit`` with this power; exact.

    With x the fewest successes that reach it, the rate p at which P(X ≥ x | clusters, p) = power: a beta quantile.

    Returns:
        Nothing when not even successes alone would reach the limit.
    """
    from scipy.stats import beta, binom

    fewest = int(binom.isf((1 - confidence) / 2, clusters, limit)) + 1
    return float(beta.ppf(power, fewest, clusters - fewest + 1)) if fewest <= clusters else None


def gap_to_pass(
    rate: float, margin: float, clusters: int, *, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The widest true gap that is shown to lie within ``margin`` with at least this power, near this rate.

    margin − (z_{(1+confidence)/2} + z_{(1+power)/2}) · √(2 · rate · (1 − rate) / clusters), by the size of two
    one-sided tests on independent groups (Chow, Shao and Wang, Sample Size Calculations in Clinical Research, 2008,
    section 4.2): as if it had to be shown both ways, as a gap of 0 has.

    Returns:
        Nothing when not even a gap of 0 would be.
    """
    z = quantile(confidence) + quantile(power)
    widest = margin - z * math.sqrt(2 * rate * (1 - rate) / clusters)
    return widest if widest >= 0 else None


def ratio_to_pass(
    rate: float, limit: float, clusters: int, *, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The lowest true ratio to a group with this rate whose lower bound reaches ``limit`` with this power.

    By the delta method on its logarithm, whose variance is (1 − θ·rate)/(clusters·θ·rate) + (1 − rate)/(clusters·rate).

    Returns:
        Nothing when not even a ratio of 1 would reach it.
    """
    from scipy.optimize import root_scalar

    z = quantile(confidence) + quantile(2 * power - 1)

    def spare(ratio: float) -> float:
        variance = ((1 - ratio * rate) / ratio + 1 - rate) / (clusters * rate)
        return math.log(ratio / limit) - z * math.sqrt(variance)

    if limit == 0:
        return 0.0
    return float(root_scalar(spare, bracket=(limit, 1.0)).root) if spare(1.0) >= 0 else None


def loss_to_pass(
    discordant: float, margin: float, clusters: int, *, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The largest true loss that is shown to lie within ``margin`` with this power, paired.

    The variance of a paired difference is at most the share of discordant pairs over the clusters.

    Returns:
        Nothing when not even a loss of 0 would be.
    """
    z = quantile(confidence) + quantile(2 * power - 1)
    largest = margin - z * math.sqrt(discordant / clusters)
    return largest if largest >= 0 else None


def clusters_to_show(rates: tuple[float, float], margin: float, *, confidence: float, power: float = 0.8) -> int | None:
    """Clusters a group that show, with this power, that two rates as far apart as these differ by at most ``margin``.

    n = (z + z')² · Σ p(1 − p) / (margin − |p₁ − p₂|)², with z at the bound's level and z' at the power, that of both
    ends when the rates are nearly equal (see ``gap_to_pass``). Rates of 0 and 1 are taken half a cluster inside.

    Returns:
        Nothing when the rates themselves differ by the margin or more: no number of clusters would.
    """
    room = margin - abs(rates[0] - rates[1])
    if room <= 0:
        return None
    inside = [min(max(rate, 0.005), 0.995) for rate in rates]
    z = quantile(confidence) + quantile(power)
    return math.ceil(z**2 * sum(rate * (1 - rate) for rate in inside) / room**2)


def gap_to_detect(rate: float, clusters: tuple[int, int], *, confidence: float, power: float = 0.8) -> float:
    """The true gap near this rate that a two-sided test at ``confidence`` finds with this power.

    (z_{(1+confidence)/2} + z_power) · √(rate · (1 − rate) · (1/n₁ + 1/n₂)).
    """
    z = quantile(confidence) + quantile(2 * power - 1)
    inside = min(max(rate, 0.005), 0.995)
    return min(1.0, z * math.sqrt(inside * (1 - inside) * (1 / clusters[0] + 1 / clusters[1])))
