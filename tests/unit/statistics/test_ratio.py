import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.statistics.intervals import clopper_pearson, square_and_add, wilson_limits
from biasgate.statistics.ratio import ratio_limits

counts = st.integers(1, 400).flatmap(lambda trials: st.tuples(st.integers(1, trials), st.just(trials)))


def point(successes, trials, method=wilson_limits):
    return successes / trials, *method(successes, trials, confidence=0.95)


@given(first=counts, second=counts, correlation=st.sampled_from([-0.4, 0.0, 0.4]))
def test_a_limit_is_where_square_and_add_of_the_scaled_difference_reaches_zero(first, second, correlation):
    (one, low1, high1), (two, low2, high2) = point(*first), point(*second)
    low, high = ratio_limits((one, low1, high1), (two, low2, high2), correlation=correlation)
    assert low <= one / two + 1e-9
    assert one / two <= high + 1e-9
    for theta, end in ((low, 0), (high, 1)):
        if theta < 1:
            scaled = (theta * two, theta * low2, theta * high2)
            limit = square_and_add((one, low1, high1), scaled, correlation=correlation)[end]
            assert limit == pytest.approx(0, abs=1e-7)


@given(first=counts, second=counts)
def test_a_ratio_turned_over_has_its_limits_turned_over(first, second):
    low, high = ratio_limits(point(*first), point(*second))
    again = ratio_limits(point(*second), point(*first))
    assert again == pytest.approx((1 / high, 1 / low), rel=1e-6)


def test_nobody_selected_in_one_group_still_bounds_the_ratio():
    low, high = ratio_limits(point(0, 100), point(60, 100))
    assert low == 0
    assert 0 < high < 0.1


def test_a_reference_that_may_be_zero_leaves_the_ratio_unbounded():
    assert ratio_limits((0.5, 0.4, 0.6), (0.01, 0.0, 0.05))[1] == math.inf


@pytest.mark.parametrize(("rates", "trials"), [((0.3, 0.4), (60, 80)), ((0.08, 0.1), (100, 100))])
def test_a_ratio_at_the_limit_is_seldom_certified(rates, trials):
    """Exact, over all likely counts: Clopper–Pearson limits, so at most 2.5 % on either side."""
    from scipy.stats import binom

    truth = rates[0] / rates[1]
    points = [[point(k, n, clopper_pearson) for k in range(n + 1)] for n in trials]
    chances = [binom.pmf(np.arange(n + 1), n, rate) for n, rate in zip(trials, rates, strict=True)]
    wrong = np.zeros(2)
    for x in np.flatnonzero(chances[0] > 1e-4):
        for y in np.flatnonzero(chances[1] > 1e-4):
            if y:
                low, high = ratio_limits(points[0][x], points[1][y])
                wrong += chances[0][x] * chances[1][y] * np.array([low > truth + 1e-9, high < truth - 1e-9])
    assert wrong.max() <= 0.025
