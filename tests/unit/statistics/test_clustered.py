import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.statistics.clustered import Sums, rate_bounds, rate_estimate
from biasgate.statistics.intervals import clopper_pearson

outcomes = st.lists(st.booleans(), min_size=2, max_size=200).map(np.array)


@given(outcomes)
def test_one_row_a_unit_gives_the_plain_intervals(success):
    sums, count = Sums.of(success, np.arange(len(success))), (int(success.sum()), len(success))
    assert rate_bounds(sums, confidence=0.95) == pytest.approx(clopper_pearson(*count, confidence=0.95))


@given(outcomes, st.integers(1, 50))
@settings(deadline=None)
def test_bounds_hold_the_rate_and_are_reported(success, clusters):
    sums = Sums.of(success, np.arange(len(success)) % clusters)
    low, high = rate_bounds(sums, confidence=0.95)
    assert 0 <= low <= success.mean() + 1e-6
    assert success.mean() - 1e-6 <= high <= 1
    estimate = rate_estimate(sums, confidence=0.95)
    assert (estimate.low, estimate.high) == pytest.approx((low, high), abs=1e-6)
    assert estimate.n == min(clusters, len(success))


@given(outcomes, st.integers(2, 5))
@settings(deadline=None)
def test_copies_of_a_row_add_nothing(success, copies):
    repeated = Sums.of(np.repeat(success, copies), np.repeat(np.arange(len(success)), copies))
    assert repeated.effective_size <= len(success) * (1 + 1e-9) + copies
    assert repeated.effective_clusters == pytest.approx(len(success))
    plain = clopper_pearson(int(success.sum()), len(success), confidence=0.95)
    assert rate_bounds(repeated, confidence=0.95) == pytest.approx(plain, abs=6e-3)


def test_equal_outcomes_count_units_and_not_rows():
    sums = Sums.of(np.ones(300, dtype=bool), np.repeat(np.arange(100), 3))
    assert sums.effective_size == pytest.approx(100, rel=0.02)
    low, _ = rate_bounds(sums, confidence=0.95)
    assert low < 0.965 < clopper_pearson(300, 300, confidence=0.95)[0]


def test_a_first_failure_never_raises_the_lower_bound():
    clusters = np.repeat(np.arange(100), 2)
    success = np.ones(200, dtype=bool)
    bounds = []
    for failures in range(6):
        success[:failures] = False
        bounds.append(rate_bounds(Sums.of(success, clusters), confidence=0.95)[0])
    assert bounds == sorted(bounds, reverse=True)


SIZES = {
    "one giant": lambda _, m: np.append(np.full(m - 1, 2), 100),
    "as photographs a person": lambda rng, m: np.minimum(200, np.floor(rng.pareto(1.2, m) + 1)).astype(int),
    "Pareto": lambda rng, m: np.ceil(rng.pareto(1.5, m) * 3 + 0.01).astype(int).clip(1, 200),
    "geometric": lambda rng, m: rng.geometric(0.25, m),
    "equal": lambda _, m: np.full(m, 4),
}
DRAWS = 600


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize(
    ("clusters", "rate", "alike"), [(12, 0.5, 0.3), (50, 0.9, 0.3), (100, 0.8, 0.6), (100, 0.1, 0.6), (300, 0.9, 0.6)]
)
def test_each_deciding_bound_misses_at_most_as_often_as_it_says(sizes, clusters, rate, alike):
    """A share of .025 is allowed a side; three standard errors of 600 draws are .019."""
    rng, misses = np.random.default_rng(5), np.zeros(2)
    for _ in range(DRAWS):
        rows = sizes(rng, clusters)
        own = rng.beta(rate * (1 - alike) / alike, (1 - rate) * (1 - alike) / alike, clusters)
        sums = Sums(int(rows.sum()), 0.0, rows, rng.binomial(rows, own))
        low, high = rate_bounds(sums, confidence=0.95)
        misses += [low > rate, high < rate]
    assert misses.max() / DRAWS <= 0.025 + 0.019


def test_large_clusters_of_another_rate_do_not_break_the_bound():
    """Clusters of more than six rows have rates a third lower: the rate of rows is below that of clusters."""
    rng, misses = np.random.default_rng(6), np.zeros(2)
    sizes = SIZES["Pareto"]
    many = sizes(rng, 10**6)
    truth = 0.9 * float((many * np.where(many > 6, 2 / 3, 1)).sum() / many.sum())
    for _ in range(DRAWS):
        rows = sizes(rng, 60)
        own = rng.beta(9, 1, 60) * np.where(rows > 6, 2 / 3, 1)
        low, high = rate_bounds(Sums(int(rows.sum()), 0.0, rows, rng.binomial(rows, own)), confidence=0.95)
        misses += [low > truth, high < truth]
    assert misses.max() / DRAWS <= 0.025 + 0.019


def test_units_of_equal_size_count_as_they_are_and_a_giant_counts_for_itself():
    def effective(clusters):
        return Sums.of(np.ones(len(clusters)), clusters).effective_clusters

    assert effective(np.repeat(np.arange(40), 3)) == pytest.approx(40)
    assert effective(np.append(np.zeros(900, int), np.arange(1, 101))) == pytest.approx(1.23, abs=0.01)


@pytest.mark.parametrize("heavy", ["by lot", "where it succeeds", "where it fails"])
def test_weighted_bounds_hold_the_population_s_rate_whatever_goes_with_the_weights(heavy):
    rng, misses = np.random.default_rng(7), np.zeros(2)
    for _ in range(DRAWS):
        success = rng.random(120) < 0.2
        side = {"by lot": rng.random(120) < 0.2, "where it succeeds": success, "where it fails": ~success}[heavy]
        weights = np.where(side, 4.0, 1.0)
        truth = {"by lot": 0.2, "where it succeeds": 0.8 / 1.6, "where it fails": 0.2 / 3.4}[heavy]
        scale = 120 / weights.sum()
        sums = Sums(120, float((success * weights * scale).sum()), weights * scale, success * weights * scale)
        low, high = rate_bounds(Sums(**{**vars(sums), "heaviest": 4.0 * scale}), confidence=0.95)
        misses += [low > truth, high < truth]
    assert misses.max() / DRAWS <= 0.025 + 0.019
