import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, norm

from biasgate.statistics.intervals import square_and_add
from biasgate.statistics.two_rates import count_point, difference_limits, point_of, ratio_limits

counts = st.integers(1, 400).flatmap(lambda trials: st.tuples(st.integers(1, trials), st.just(trials)))
correlations = st.sampled_from([-0.4, 0.0, 0.4])


def point(successes, trials):
    return count_point(successes, trials, confidence=0.95)


@given(error=st.floats(0.001, 0.2), times=st.floats(0.3, 3), correlation=correlations)
def test_of_normal_estimates_the_limits_are_nearly_those_of_square_and_add(error, times, correlation):
    """Never wider, and at most 2 % narrower: so far is the nearest of the shares that are tried."""
    errors = (error, error * times / 3)

    def normal(error):
        def bounds(level):
            return norm.interval(level, 0.5, error) if level > 1e-9 else (0.5, 0.5)

        return point_of(0.5, bounds, confidence=0.95)

    points = [normal(one) for one in errors]
    low, high = difference_limits(*points, correlation=correlation)
    full = square_and_add(*((0.5, one[1][0], one[2][0]) for one in points), correlation=correlation)
    assert high == pytest.approx(-low)
    assert 0.98 * full[1] <= high <= full[1] + 1e-9


@given(first=counts, second=counts, correlation=correlations)
def test_the_limits_hold_the_estimate(first, second, correlation):
    points = point(*first), point(*second)
    one, two = (successes / trials for successes, trials in (first, second))
    for limits, value in ((difference_limits, one - two), (ratio_limits, one / two)):
        low, high = limits(*points, correlation=correlation)
        assert low <= value + 1e-9
        assert value <= high + 1e-9


@given(first=counts, second=counts)
def test_turned_over_a_comparison_has_its_limits_turned_over(first, second):
    there, back = (point(*first), point(*second)), (point(*second), point(*first))
    low, high = difference_limits(*there)
    assert difference_limits(*back) == pytest.approx((-high, -low))
    low, high = ratio_limits(*there)
    assert ratio_limits(*back) == pytest.approx((1 / high, 1 / low), rel=1e-6)


@given(counts, counts)
def test_many_pairs_at_once_are_compared_as_each_alone(first, second):
    alone = [(point(*first), point(*second)), (point(*second), point(*first))]
    first_of, second_of = (
        (np.array([one[0] for one in side]), np.array([one[1] for one in side]).T, np.array([one[2] for one in side]).T)
        for side in zip(*alone, strict=True)
    )
    for limits in (difference_limits, ratio_limits):
        each = np.array([limits(*pair) for pair in alone])
        assert pytest.approx(each) == np.array(limits(first_of, second_of)).T


def test_nobody_selected_in_one_group_still_bounds_the_ratio():
    low, high = ratio_limits(point(0, 100), point(60, 100))
    assert low == 0
    assert 0 < high < 0.1


def test_a_reference_that_may_be_zero_leaves_the_ratio_unbounded():
    assert ratio_limits(point(5, 10), (0.01, np.zeros(5), np.full(5, 0.05)))[1] == math.inf


@pytest.mark.parametrize(
    ("rates", "trials"),
    [((0.3, 0.4), (60, 80)), ((0.08, 0.1), (100, 100)), ((0.02, 0.99), (30, 30)), ((0.95, 0.5), (30, 100))],
)
def test_no_limit_errs_more_often_than_stated(rates, trials):
    """Exact, over all likely counts: at most 2.5 % on either side, with rates nearly 1 apart too."""
    points = [[point(count, n) for count in range(n + 1)] for n in trials]
    chances = [binom.pmf(np.arange(n + 1), n, rate) for n, rate in zip(trials, rates, strict=True)]
    for limits, truth in ((difference_limits, rates[0] - rates[1]), (ratio_limits, rates[0] / rates[1])):
        wrong = np.zeros(2)
        for x in np.flatnonzero(chances[0] > 1e-4):
            for y in np.flatnonzero(chances[1] > 1e-4):
                low, high = limits(points[0][x], points[1][y]) if y else (0, math.inf)
                wrong += chances[0][x] * chances[1][y] * np.array([low > truth + 1e-9, high < truth - 1e-9])
        assert wrong.max() <= 0.025
