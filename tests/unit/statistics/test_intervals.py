import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from score_intervals import miettinen_nurminen

from biasgate.statistics.intervals import clopper_pearson, score_test, square_and_add, wilson, wilson_limits

counts = st.integers(1, 400).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials)))
confidences = st.sampled_from([0.8, 0.95, 0.999])


def newcombe(successes, trials, *, confidence):
    """Newcombe's method 10: square-and-add of Wilson's limits."""
    points = [(x / n, *wilson_limits(x, n, confidence=confidence)) for x, n in zip(successes, trials, strict=True)]
    return square_and_add(*points)


@given(counts, confidences)
def test_wilson_holds_its_value_and_stays_a_rate(count, confidence):
    estimate = wilson(*count, confidence=confidence)
    assert -1e-9 <= estimate.low <= estimate.value <= estimate.high <= 1 + 1e-9


@given(counts)
def test_wilson_narrows_with_ten_times_the_data(count):
    successes, trials = count
    few, many = wilson(successes, trials, confidence=0.95), wilson(10 * successes, 10 * trials, confidence=0.95)
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize(("trials", "rate"), [(20, 0.03), (50, 0.5), (100, 0.9), (37, 0.99)])
def test_clopper_pearson_never_covers_less_than_it_promises(trials, rate):
    from scipy.stats import binom

    successes = np.arange(trials + 1)
    chance = binom.pmf(successes, trials, rate)
    bounds = np.array([clopper_pearson(int(k), trials, confidence=0.95) for k in successes])
    assert chance[bounds[:, 0] > rate].sum() <= 0.025
    assert chance[bounds[:, 1] < rate].sum() <= 0.025


def test_clopper_pearson_is_certain_of_the_side_it_cannot_see():
    assert clopper_pearson(0, 10, confidence=0.95) == pytest.approx((0.0, 0.3085), abs=1e-4)
    assert clopper_pearson(10, 10, confidence=0.95) == pytest.approx((0.6915, 1.0), abs=1e-4)


@pytest.mark.parametrize(
    ("first", "second", "expected_newcombe", "expected_score"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339), (0.0528, 0.3382)),
        ((9, 10), (3, 10), (0.1705, 0.8090), (0.1700, 0.8406)),
    ],
)
def test_independent_differences_match_the_tables_of_newcombe_1998(first, second, expected_newcombe, expected_score):
    successes, trials = zip(first, second, strict=True)
    assert newcombe(successes, trials, confidence=0.95) == pytest.approx(expected_newcombe, abs=6e-5)
    assert miettinen_nurminen(successes, trials, confidence=0.95) == pytest.approx(expected_score, abs=6e-5)


@pytest.mark.parametrize("method", [newcombe, miettinen_nurminen])
@given(first=counts, second=counts, confidence=confidences)
def test_a_difference_turned_round_has_its_limits_turned_round(method, first, second, confidence):
    (x, n), (y, m) = first, second
    low, high = method((x, y), (n, m), confidence=confidence)
    assert method((y, x), (m, n), confidence=confidence) == pytest.approx((-high, -low), abs=1e-6)
    assert -1 <= low <= x / n - y / m + 1e-9
    assert x / n - y / m - 1e-9 <= high <= 1


def test_the_score_limit_is_where_the_score_test_starts_to_reject():
    low, _ = miettinen_nurminen((56, 48), (70, 80), confidence=1 - score_test((56, 48), (70, 80)))
    assert low == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("successes", "trials"), [((100, 100), (100, 100)), ((0, 0), (40, 60)), ((30, 0), (30, 40))])
def test_rates_of_zero_and_one_still_have_wide_limits(successes, trials):
    low, high = miettinen_nurminen(successes, trials, confidence=0.95)
    assert high - low > 0.05


def test_no_difference_can_be_found_where_all_succeeded():
    assert score_test((30, 40), (30, 40)) == 1.0


@pytest.mark.parametrize(("rates", "trials"), [((0.99, 0.94), (100, 100)), ((0.9, 0.8), (100, 60))])
def test_a_gap_as_wide_as_the_margin_is_seldom_held_to_be_within_it(rates, trials):
    """Exact, over all likely counts: both score limits inside ±margin where the true gap is the margin."""
    from scipy.stats import binom

    margin = rates[0] - rates[1]
    chances = [binom.pmf(np.arange(n + 1), n, rate) for n, rate in zip(trials, rates, strict=True)]
    likely = [np.flatnonzero(chance > 1e-4).tolist() for chance in chances]
    wrong = 0.0
    for x in likely[0]:
        for y in likely[1]:
            low, high = miettinen_nurminen((x, y), trials, confidence=0.95)
            wrong += chances[0][x] * chances[1][y] * (max(high, -low) < margin - 1e-9)
    assert wrong <= 0.025
