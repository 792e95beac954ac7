"""What a number of clusters can show: chances to pass, by the very bounds that decide and by exact enumeration."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache, lru_cache
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.intervals import quantile
from biasgate.statistics.paired import Pairs, exact_paired
from biasgate.statistics.two_rates import Point, count_point, difference_limits, ratio_limits

Inside = Callable[[Point, Point], bool]
"""Whether two subgroups, each with its bounds, are shown to be alike; never truer for rates further apart."""

MOST_CLUSTERS = 1_000_000
"""Beyond so many clusters nothing is searched."""
_RARE = 21
"""Counts beyond those that are as likely as e⁻²¹, a thousand-millionth, are left out."""


@cache
def gap_within(margin: float) -> Inside:
    """Whether the difference of two independent rates is shown to be within ``margin``."""

    def inside(first: Point, second: Point) -> bool:
        low, high = difference_limits(first, second)
        return max(high, -low) <= margin

    return inside


@cache
def ratio_above(limit: float) -> Inside:
    """Whether the smaller of two independent rates is shown to be at least ``limit`` times the larger."""

    def inside(first: Point, second: Point) -> bool:
        lower, higher = sorted((first, second), key=itemgetter(0))
        if higher[0] == 0:
            return False
        low, high = ratio_limits(lower, higher)
        return min(low, 1 / high) >= limit

    return inside


def chance_for_rate(rate: float, limit: float, clusters: int, *, confidence: float) -> float:
    """P(the Clopper–Pearson lower bound of a true ``rate`` over so many clusters reaches ``limit``)."""
    from scipy.special import bdtrc

    return float(bdtrc(_fewest(limit, clusters, confidence) - 1, clusters, rate)) if limit > 0 else 1.0


def chance_for_pair(
    rates: tuple[float, float], clusters: tuple[int, int], inside: Inside, *, confidence: float
) -> float:
    """P(two independent subgroups with these true rates are shown to be alike).

    The counts of the second that pass beside one of the first are a range, which moves up with it: two pointers walk.
    """
    from scipy.special import bdtr

    first, second = (_range(size, rate, rate) for rate, size in zip(rates, clusters, strict=True))
    beside = [_point(count, clusters[1], confidence) for count in second]
    least, most = np.zeros(len(first)), np.zeros(len(first))
    low, high = 0, -1
    for row, count in enumerate(first):
        point = _point(count, clusters[0], confidence)
        while low < len(beside) and beside[low][0] < point[0] and not inside(point, beside[low]):
            low += 1
        high = max(high, low - 1)
        while high + 1 < len(beside) and inside(point, beside[high + 1]):
            high += 1
        least[row], most[row] = second[0] + low, second[0] + high
    chances = np.where(most >= least, bdtr(most, clusters[1], rates[1]) - _below(least, clusters[1], rates[1]), 0.0)
    return float(_each(first, clusters[0], rates[0]) @ chances)


@lru_cache(maxsize=4096)
def chance_for_all_pairs(rates: tuple[float, ...], clusters: int, inside: Inside, *, confidence: float) -> float:
    """P(each two of independent subgroups, of ``clusters`` each and with these true rates, are shown to be alike).

    All pairs pass where the lowest count passes beside the highest. With the highest count b(a) that passes beside a,
    it is Σ_a P(lowest is a, highest ≤ b(a)) = Σ_a [Π_i P(a ≤ X_i ≤ b(a)) − Π_i P(a < X_i ≤ b(a))].
    """
    from scipy.special import bdtr

    lowest = _range(clusters, min(rates), max(rates))
    points = [_point(count, clusters, confidence) for count in lowest]
    highest = np.array(lowest[0] + np.fromiter(_reach(points, inside), dtype=float))
    a, each = np.array(lowest, dtype=float), np.array(rates)[:, None]
    top = bdtr(np.maximum(highest, 0), clusters, each)
    with_a, above = top - _below(a, clusters, each), top - bdtr(a, clusters, each)
    return float(np.sum(np.where(highest >= a, np.prod(with_a, axis=0) - np.prod(above, axis=0), 0.0)))


@lru_cache(maxsize=4096)
def chance_for_loss(loss: float, discordant: float, margin: float, clusters: int, *, confidence: float) -> float:
    """P(a true paired loss is shown to be within ``margin``, when the two differ on this share of the clusters).

    The most losses that pass beside so many gains rise with the gains; see ``exact_paired``.
    """
    from scipy.special import bdtr

    losing, gaining = (discordant + loss) / 2, (discordant - loss) / 2
    gains = _range(clusters, gaining, gaining)
    most, reach = np.zeros(len(gains)), -1
    for row, gained in enumerate(gains):
        while reach + 1 + gained <= clusters and _loss_bound(reach + 1, gained, clusters, confidence) <= margin:
            reach += 1
        most[row] = reach
    rest = clusters - np.array(gains)
    chances = np.where(most >= 0, bdtr(np.clip(most, 0, rest), rest, losing / (1 - gaining)), 0.0)
    return float(_each(gains, clusters, gaining) @ chances)


def rate_to_pass(
    limit: float, clusters: int, *, subgroups: int = 1, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The lowest true rate of so many subgroups that all reach ``limit`` with this power, of ``clusters`` each.

    With x the fewest successes that reach it, the rate p at which P(X ≥ x | clusters, p)^subgroups = power.

    Returns:
        Nothing when not even successes alone would reach the limit.
    """
    from scipy.special import betaincinv

    fewest = _fewest(limit, clusters, confidence)
    if fewest > clusters:
        return None
    return float(betaincinv(fewest, clusters - fewest + 1, power ** (1 / subgroups))) if fewest else 0.0


def gap_to_pass(
    rate: float, margin: float, clusters: int, *, subgroups: int = 2, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The widest true gap that is shown to lie within ``margin`` with at least this power.

    The least favourable truth is supposed: half of the subgroups at ``rate``, half of them the gap below.

    Returns:
        Nothing when not even a gap of 0 would be.
    """

    def chance(gap: float) -> float:
        rates = _halves(rate, max(0.0, rate - gap), subgroups)
        return chance_for_all_pairs(rates, clusters, gap_within(margin), confidence=confidence)

    return _furthest(chance, 0.0, margin, power)


def ratio_to_pass(
    rate: float, limit: float, clusters: int, *, subgroups: int = 2, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The lowest true ratio whose lower bound reaches ``limit`` with this power.

    The least favourable truth is supposed: half of the subgroups at ``rate``, half of them at the ratio times it.

    Returns:
        Nothing when not even a ratio of 1 would reach it.
    """

    def chance(ratio: float) -> float:
        rates = _halves(rate, rate * ratio, subgroups)
        return chance_for_all_pairs(rates, clusters, ratio_above(limit), confidence=confidence)

    return 0.0 if limit == 0 else _furthest(chance, 1.0, limit, power)


def loss_to_pass(
    discordant: float, margin: float, clusters: int, *, subgroups: int = 1, confidence: float = 0.95, power: float = 0.8
) -> float | None:
    """The largest true loss in so many subgroups that is shown to lie within ``margin`` with this power, paired.

    Args:
        discordant: Share of clusters on which the two models differ.
        margin: Largest loss that is allowed.
        clusters: Clusters of each subgroup.
        subgroups: Subgroups that must all pass.
        confidence: Two-sided, of the bounds.
        power: Chance to pass.

    Returns:
        Nothing when not even a loss of 0 would be.
    """

    def chance(loss: float) -> float:
        return chance_for_loss(loss, discordant, margin, clusters, confidence=confidence) ** subgroups

    return _furthest(chance, 0.0, min(margin, discordant), power)


def clusters_to_pass(chance: Callable[[int], float], *, power: float = 0.8, least: int = 2) -> int | None:
    """The fewest clusters with which a chance reaches ``power``, to one in a thousand: by doubling and halving.

    Args:
        chance: From clusters to the chance to pass. That of counts moves in small teeth: at the answer it does reach
            ``power``, which a few clusters fewer may too.
        power: To be reached.
        least: Fewer are not looked at.

    Returns:
        Nothing when ``MOST_CLUSTERS`` do not reach it.
    """
    few, enough = least - 1, least
    while chance(enough) < power:
        if enough >= MOST_CLUSTERS:
            return None
        few, enough = enough, min(2 * enough, MOST_CLUSTERS)
    while enough - few > max(1, enough // 1000):
        middle = (few + enough) // 2
        few, enough = (few, middle) if chance(middle) >= power else (middle, enough)
    return enough


def clusters_to_show(rates: tuple[float, float], margin: float, *, confidence: float, power: float = 0.8) -> int | None:
    """Clusters a group that show, with this power, that two rates as far apart as these differ by at most ``margin``.

    Returns:
        Nothing when the rates themselves differ by the margin or more, or a million clusters would not do.
    """
    if margin <= abs(rates[0] - rates[1]):
        return None
    inside = gap_within(margin)
    return clusters_to_pass(
        lambda clusters: chance_for_pair(rates, (clusters, clusters), inside, confidence=confidence), power=power
    )


def gap_to_detect(rate: float, clusters: tuple[int, int], *, confidence: float, power: float = 0.8) -> float:
    """The true gap near this rate that a two-sided test at ``confidence`` finds with this power.

    (z_{(1+confidence)/2} + z_power) · √(rate · (1 − rate) · (1/n₁ + 1/n₂)).
    """
    z = quantile(confidence) + quantile(2 * power - 1)
    inside = min(max(rate, 0.005), 0.995)
    return min(1.0, z * math.sqrt(inside * (1 - inside) * (1 / clusters[0] + 1 / clusters[1])))


@lru_cache(maxsize=1 << 16)
def _point(count: int, clusters: int, confidence: float) -> Point:
    return count_point(count, clusters, confidence=confidence)


def _fewest(limit: float, clusters: int, confidence: float) -> int:
    """The fewest successes whose lower bound reaches ``limit``; one more than there are clusters when none do.

    Those are the fewest that a rate at the limit reaches with at most the bound's error.
    """
    from scipy.special import bdtrc

    if limit <= 0:
        return 0
    counts = _range(clusters, limit, limit)
    rare = np.flatnonzero(bdtrc(np.array(counts) - 1, clusters, limit) <= (1 - confidence) / 2)
    return counts[int(rare[0])] if len(rare) else clusters + 1


def _range(clusters: int, lowest: float, highest: float) -> range:
    """The counts that are not too unlikely between these true rates: Bernstein's inequality, inverted."""

    def reach(rate: float) -> float:
        return math.sqrt(2 * clusters * rate * (1 - rate) * _RARE) + 2 * _RARE / 3

    least = math.floor(clusters * lowest - reach(lowest))
    most = math.ceil(clusters * highest + reach(highest))
    return range(max(0, least), min(clusters, most) + 1)


def _each(counts: range, clusters: int, rate: float) -> NDArray[np.float64]:
    """The chance of each count ``[counts]``."""
    from scipy.special import bdtr

    values = np.array(counts, dtype=float)
    return bdtr(values, clusters, rate) - _below(values, clusters, rate)


def _reach(points: Sequence[Point], inside: Inside) -> Iterator[int]:
    """For each point the index of the last that passes beside it; one less than its own when not even itself does."""
    last = -1
    for index, each in enumerate(points):
        last = max(last, index - 1)
        while last + 1 < len(points) and inside(each, points[last + 1]):
            last += 1
        yield last


def _below(counts: NDArray[np.float64], clusters: int, rate: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """P(fewer than so many)."""
    from scipy.special import bdtr

    return np.where(counts > 0, bdtr(np.maximum(counts - 1, 0), clusters, rate), 0.0)


def _loss_bound(lost: int, gained: int, clusters: int, confidence: float) -> float:
    return exact_paired(Pairs(clusters - lost - gained, lost, gained, 0), confidence=confidence)[1]


def _halves(high: float, low: float, subgroups: int) -> tuple[float, ...]:
    return (low,) * (subgroups // 2) + (high,) * (subgroups - subgroups // 2)


def _furthest(chance: Callable[[float], float], fair: float, border: float, power: float) -> float | None:
    """The truth furthest from ``fair``, towards ``border``, that has this chance."""
    from scipy.optimize import root_scalar

    def spare(truth: float) -> float:
        return chance(truth) - power

    if spare(fair) < 0:
        return None
    return border if spare(border) >= 0 else float(root_scalar(spare, bracket=(fair, border), xtol=1e-6).root)
