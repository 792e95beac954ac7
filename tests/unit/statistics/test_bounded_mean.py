import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from biasgate.statistics.bounded_mean import MANY, by_cluster, mean_bounds, tail_score, typical_size
from biasgate.statistics.intervals import clopper_pearson

shares = st.lists(st.floats(0, 1), min_size=2, max_size=60).map(np.array)


def ones(values):
    return np.ones(len(values))


@pytest.mark.parametrize(("successes", "rows"), [(0, 30), (1, 30), (15, 30), (30, 30), (450, 500), (7, 10_000)])
def test_rows_of_0_and_1_give_the_bounds_of_clopper_and_pearson(successes, rows):
    values = np.arange(rows) < successes
    exact = clopper_pearson(successes, rows, confidence=0.95)
    assert mean_bounds(values.astype(float), ones(values), confidence=0.95) == pytest.approx(exact, abs=1e-3)


@given(shares, st.sampled_from([0.8, 0.95, 0.999]))
@settings(max_examples=60, deadline=None)
def test_bounds_hold_the_mean_between_the_ends_and_mirror(values, level):
    low, high = mean_bounds(values, ones(values), confidence=level)
    assert 0 <= low <= values.mean() + 1e-6
    assert values.mean() - 1e-6 <= high <= 1
    mirrored = mean_bounds(1 - values, ones(values), confidence=level)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-6)


@given(shares, st.floats(0.1, 50))
@settings(max_examples=40, deadline=None)
def test_only_the_proportions_of_weights_and_ends_matter(values, factor):
    plain = mean_bounds(values, ones(values), confidence=0.95)
    assert mean_bounds(values * factor, ones(values) * factor, confidence=0.95) == pytest.approx(plain, abs=1e-6)
    stretched = mean_bounds(values * factor - 3, ones(values), confidence=0.95, ends=(-3, factor - 3))
    assert [(end + 3) / factor for end in stretched] == pytest.approx(plain, abs=1e-6)


def test_values_that_spread_less_give_narrower_bounds():
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, 400)
    widths = [np.diff(mean_bounds(0.5 + scale * noise, np.ones(400), confidence=0.95)) for scale in (0.05, 0.2, 0.5)]
    assert widths[0] < widths[1] < widths[2]


def test_many_clusters_that_are_counted_by_kind_give_the_same_bounds():
    rng = np.random.default_rng(1)
    sizes = rng.geometric(0.3, MANY + 2000).astype(float)
    sums = rng.binomial(sizes.astype(int), 0.8).astype(float)
    kinds = mean_bounds(sums, sizes, confidence=0.95)
    singly = [sums.sum() / sizes.sum() - kinds[0], kinds[1] - sums.sum() / sizes.sum()]
    assert singly == pytest.approx([1.96 * _error(sums, sizes)] * 2, rel=0.05)


def _error(sums, sizes):
    mean = sums.sum() / sizes.sum()
    return np.sqrt(np.sum((sums - mean * sizes) ** 2)) / sizes.sum()


def test_a_cluster_of_copies_counts_once():
    values = np.array([0.2, 0.9, 0.4, 0.6, 0.1] * 8)
    once = mean_bounds(values, ones(values), confidence=0.95)
    copies = by_cluster(np.repeat(values, 5), np.repeat(np.arange(len(values)), 5))
    assert mean_bounds(*copies, confidence=0.95) == pytest.approx(once, abs=1e-6)


def test_weights_move_mean_and_bounds_as_repeated_rows_of_a_cluster_would():
    values, weights = np.array([0.0, 1.0] * 30), np.array([1.0, 3.0] * 30)
    weighted = by_cluster(values, np.arange(60), weights)
    repeated = by_cluster(np.repeat(values, weights.astype(int)), np.repeat(np.arange(60), weights.astype(int)))
    assert weighted[0].sum() / weighted[1].sum() == pytest.approx(0.75)
    assert mean_bounds(*weighted, confidence=0.95) == pytest.approx(mean_bounds(*repeated, confidence=0.95))


def test_the_typical_size_is_that_of_a_row_s_cluster():
    assert typical_size(np.array([1, 1, 1, 9])) == pytest.approx(84 / 12)


@pytest.mark.parametrize("coefficients", [[1.0, -1.0], [3.0, -1.0, -1.0], [0.2, 0.3, -0.9, 0.1]])
def test_the_tail_of_a_sum_of_exponentials_is_that_of_draws(coefficients):
    drawn = np.random.default_rng(2).exponential(size=(200_000, len(coefficients))) @ coefficients
    found = norm.cdf(tail_score(np.array(coefficients), np.ones(len(coefficients))))
    assert found == pytest.approx(np.mean(drawn <= 0), abs=0.02)


@pytest.mark.parametrize("rare", [0.0, 0.002, 0.02])
def test_each_bound_misses_at_most_as_often_as_it_says_where_rare_rows_are_large(rare):
    """Rows of .02 with rare ones of 1: Student's interval misses up to half of the time."""
    rng, misses = np.random.default_rng(3), np.zeros(2)
    for _ in range(600):
        values = np.where(rng.random(200) < rare, 1.0, rng.uniform(0, 0.04, 200))
        low, high = mean_bounds(values, np.ones(200), confidence=0.95)
        truth = rare + (1 - rare) * 0.02
        misses += [low > truth, high < truth]
    assert misses.max() / 600 <= 0.025 + 0.019
