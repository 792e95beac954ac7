"""Chances to pass are those of the bounds that decide: held against enumeration and drawn counts."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest
from scipy.stats import binom, multinomial

from biasgate.statistics.intervals import clopper_pearson
from biasgate.statistics.paired import Pairs, exact_paired
from biasgate.statistics.power import (
    chance_for_all_pairs,
    chance_for_loss,
    chance_for_pair,
    clusters_to_pass,
    clusters_to_show,
    gap_to_pass,
    gap_within,
    loss_to_pass,
    rate_to_pass,
    ratio_above,
    ratio_to_pass,
)
from biasgate.statistics.two_rates import count_point, difference_limits, ratio_limits

LEVEL = {"confidence": 0.95}


def point(count: float, clusters: int):
    return count_point(count, clusters, **LEVEL)


@pytest.mark.parametrize(("clusters", "half"), [(100, 0.094), (200, 0.064), (500, 0.039), (1000, 0.027), (2000, 0.019)])
def test_half_the_width_of_a_reported_gap_shrinks_with_the_clusters(clusters, half):
    low, high = difference_limits(point(0.9 * clusters, clusters), point(0.9 * clusters, clusters))
    assert (high - low) / 2 == pytest.approx(half, abs=6e-4)


@pytest.mark.parametrize(("inside", "clusters"), [(gap_within(0.6), 12), (ratio_above(0.3), 14), (gap_within(0.4), 20)])
def test_the_chance_of_several_subgroups_is_that_of_every_table_of_counts(inside, clusters):
    rates = (0.9, 0.8, 0.7)
    points = [point(count, clusters) for count in range(clusters + 1)]
    alike = np.array([[inside(a, b) for b in points] for a in points])
    chance = sum(
        np.prod(binom.pmf(counts, clusters, rates))
        for counts in product(range(clusters + 1), repeat=3)
        if all(alike[a, b] for a, b in combinations(counts, 2))
    )
    assert chance_for_all_pairs(rates, clusters, inside, **LEVEL) == pytest.approx(chance, abs=1e-8)


@pytest.mark.parametrize("inside", [gap_within(0.7), ratio_above(0.2)])
@pytest.mark.parametrize("sizes", [(17, 9), (8, 30)])
def test_the_chance_of_two_unequal_subgroups_is_that_of_every_table_of_counts(inside, sizes):
    chance = sum(
        binom.pmf(a, sizes[0], 0.6) * binom.pmf(b, sizes[1], 0.9)
        for a, b in product(range(sizes[0] + 1), range(sizes[1] + 1))
        if inside(point(a, sizes[0]), point(b, sizes[1]))
    )
    assert chance_for_pair((0.6, 0.9), sizes, inside, **LEVEL) == pytest.approx(chance, abs=1e-8)


def test_the_chance_of_a_loss_is_that_of_every_table_of_pairs():
    clusters, shares = 40, (0.15, 0.05, 0.8)
    chance = sum(
        multinomial.pmf((lost, gained, clusters - lost - gained), clusters, shares)
        for lost, gained in product(range(clusters + 1), repeat=2)
        if lost + gained <= clusters
        and exact_paired(Pairs(clusters - lost - gained, lost, gained, 0), **LEVEL)[1] <= 0.3
    )
    assert chance_for_loss(0.1, 0.2, 0.3, clusters, **LEVEL) == pytest.approx(chance, abs=1e-8)


@pytest.mark.parametrize("subgroups", [2, 4, 10])
def test_the_gap_told_passes_with_the_power_told_for_as_many_subgroups(subgroups):
    """One subgroup low passes more often than the half of them that is supposed, and never less."""
    gap, half = gap_to_pass(0.9, 0.1, 2000, subgroups=subgroups), subgroups // 2
    inside, rng = gap_within(0.1), np.random.default_rng(subgroups)

    assert gap is not None

    def passed(low: int) -> float:
        drawn = rng.binomial(2000, [0.9 - gap] * low + [0.9] * (subgroups - low), size=(1500, subgroups))
        return float(np.mean([inside(point(min(row), 2000), point(max(row), 2000)) for row in drawn]))

    assert passed(half) == pytest.approx(0.8, abs=0.04)
    assert passed(1) > 0.8 - 0.04


@pytest.mark.parametrize("subgroups", [2, 10])
def test_the_ratio_told_passes_with_the_power_told(subgroups):
    ratio = ratio_to_pass(0.3, 0.8, 5000, subgroups=subgroups)
    assert ratio is not None
    rates = (0.3 * ratio,) * (subgroups // 2) + (0.3,) * (subgroups // 2)
    drawn = np.random.default_rng(7).binomial(5000, rates, size=(1500, subgroups))
    passed = [ratio_limits(point(min(row), 5000), point(max(row), 5000))[0] >= 0.8 for row in drawn]
    assert np.mean(passed) == pytest.approx(0.8, abs=0.04)
    assert ratio_to_pass(0.3, 0.8, 100) is None
    assert ratio_to_pass(0.3, 0.0, 100) == 0


@pytest.mark.parametrize("subgroups", [1, 6])
def test_the_rate_told_passes_with_the_power_told(subgroups):
    rate = rate_to_pass(0.75, 200, subgroups=subgroups)
    passes = [clopper_pearson(count, 200, confidence=0.95)[0] >= 0.75 for count in range(201)]
    assert binom.pmf(np.arange(201), 200, rate)[passes].sum() ** subgroups == pytest.approx(0.8, abs=1e-6)


def test_a_rate_that_no_success_can_show_is_not_promised():
    """Of 10 clusters even 10 successes bound the rate by .69 only."""
    assert rate_to_pass(0.75, 10) is None
    assert rate_to_pass(0.69, 10) is not None


def test_the_loss_told_passes_with_the_power_told():
    loss = loss_to_pass(0.1, 0.05, 1000)
    assert loss is not None
    shares = [0.9, 0.05 + loss / 2, 0.05 - loss / 2]
    drawn = np.random.default_rng(8).multinomial(1000, shares, size=1500)
    uppers = [exact_paired(Pairs(same, lost, gained, 0), confidence=0.95)[1] for same, lost, gained in drawn]
    assert np.mean(np.array(uppers) <= 0.05) == pytest.approx(0.8, abs=0.04)
    assert loss_to_pass(0.1, 0.05, 100) is None
    of_five = loss_to_pass(0.1, 0.05, 1000, subgroups=5)
    assert of_five is not None
    assert of_five < loss


@pytest.mark.parametrize(
    ("rates", "clusters"), [((1.0, 1.0), 72), ((0.995, 0.995), 128), ((0.99, 0.99), 159), ((0.9, 0.9), 796)]
)
def test_as_many_clusters_as_told_show_a_gap_near_one_too(rates, clusters):
    """72: of so many clusters without a failure the lower bound is .025^(1/72) = .950."""
    assert clusters_to_show(rates, 0.05, confidence=0.95) == clusters
    counts = np.arange(clusters + 1)
    likely = [binom.pmf(counts, clusters, rate) for rate in rates]
    rows, columns = (np.flatnonzero(chances > 1e-7).tolist() for chances in likely)
    passed = sum(
        likely[0][a] * likely[1][b]
        for a, b in product(rows, columns)
        if np.abs(difference_limits(point(a, clusters), point(b, clusters))).max() <= 0.05
    )
    assert passed >= 0.8 - 1e-4


def test_a_gap_at_the_margin_is_shown_by_no_number_of_clusters():
    assert clusters_to_show((0.9, 0.85), 0.05, confidence=0.95) is None


def test_a_search_ends_where_no_number_does():
    assert clusters_to_pass(lambda clusters: 0.0) is None
    assert clusters_to_pass(lambda clusters: float(clusters >= 345)) == 345
