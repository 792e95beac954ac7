import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.statistics.clustered import (
    Sums,
    clustered_wilson,
    correlation,
    deciding_size,
    korn_graubard,
)
from biasgate.statistics.intervals import clopper_pearson, wilson

outcomes = st.lists(st.booleans(), min_size=2, max_size=200).map(np.array)


def clustered_sample(rng, *, rate, clusters, rows, resemblance):
    """Outcomes ``[clusters * rows]`` whose rows copy their cluster's own outcome with probability √resemblance."""
    own = rng.random((clusters, 1)) < rate
    copied = rng.random((clusters, rows)) < resemblance**0.5
    return np.where(copied, own, rng.random((clusters, rows)) < rate).ravel()


@given(outcomes)
def test_one_row_a_unit_gives_the_plain_intervals(success):
    sums, count = Sums.of(success, np.arange(len(success))), (int(success.sum()), len(success))
    assert clustered_wilson(sums, confidence=0.95) == wilson(*count, confidence=0.95)
    assert korn_graubard(sums, confidence=0.95) == pytest.approx(clopper_pearson(*count, confidence=0.95))


@given(outcomes, st.integers(1, 50))
def test_bounds_hold_the_rate_and_clusters_never_narrow_them(success, clusters):
    sums = Sums.of(success, np.arange(len(success)) % clusters)
    low, high = korn_graubard(sums, confidence=0.95)
    plain = clopper_pearson(int(success.sum()), len(success), confidence=0.95)
    assert low <= plain[0] + 1e-9 <= success.mean() + 2e-9
    assert high >= plain[1] - 1e-9


@given(outcomes, st.integers(2, 5))
def test_copies_of_a_row_add_nothing(success, copies):
    repeated = Sums.of(np.repeat(success, copies), np.repeat(np.arange(len(success)), copies))
    assert repeated.effective_size <= len(success) * (1 + 1e-9) + copies
    estimate = clustered_wilson(repeated, confidence=0.95)
    assert estimate.n == len(success)


def test_equal_outcomes_count_units_and_not_rows():
    sums = Sums.of(np.ones(300, dtype=bool), np.repeat(np.arange(100), 3))
    assert sums.design_effect == pytest.approx(3, rel=0.02)
    low, _ = korn_graubard(sums, confidence=0.95)
    assert low < 0.965 < clopper_pearson(300, 300, confidence=0.95)[0]


def test_a_first_failure_never_raises_the_lower_bound():
    clusters = np.repeat(np.arange(100), 2)
    success = np.ones(200, dtype=bool)
    bounds = []
    for failures in range(6):
        success[:failures] = False
        bounds.append(korn_graubard(Sums.of(success, clusters), confidence=0.95)[0])
    assert bounds == sorted(bounds, reverse=True)


def test_few_units_cost_more_than_their_design_effect():
    clusters = np.repeat(np.arange(5), 20)
    sums = Sums.of(np.random.default_rng(3).random(100) < 0.8, clusters)
    assert deciding_size(sums, confidence=0.95) < 0.6 * sums.effective_size


@pytest.mark.parametrize(
    ("rate", "clusters", "rows", "resemblance"), [(0.9, 40, 5, 0.3), (0.9, 100, 2, 1.0), (0.5, 100, 2, 0.5)]
)
def test_each_deciding_bound_misses_at_most_as_often_as_it_says(rate, clusters, rows, resemblance):
    rng = np.random.default_rng(11)
    groups = np.repeat(np.arange(clusters), rows)
    bounds = np.array(
        [
            korn_graubard(
                Sums.of(
                    clustered_sample(rng, rate=rate, clusters=clusters, rows=rows, resemblance=resemblance), groups
                ),
                confidence=0.95,
            )
            for _ in range(600)
        ]
    )
    assert np.mean(bounds[:, 0] > rate) <= 0.04
    assert np.mean(bounds[:, 1] < rate) <= 0.04


SIZES = {
    "as photographs a person": lambda rng, m: np.minimum(200, np.floor(rng.pareto(1.2, m) + 1)).astype(int),
    "geometric": lambda rng, m: rng.geometric(0.25, m),
    "one giant": lambda _, m: np.append(np.full(m - 1, 2), 100),
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize(("clusters", "rate", "alike"), [(50, 0.9, 0.3), (100, 0.8, 0.6)])
def test_a_deciding_bound_holds_where_a_few_units_have_most_rows(sizes, clusters, rate, alike):
    """The share of rejections of a true rate may be .025; three standard errors of 600 draws are .019."""
    rng, misses = np.random.default_rng(5), 0
    for _ in range(600):
        rows = sizes(rng, clusters)
        own = rng.beta(rate * (1 - alike) / alike, (1 - rate) * (1 - alike) / alike, clusters)
        outcomes = rng.random(rows.sum()) < np.repeat(own, rows)
        sums = Sums.of(outcomes, np.repeat(np.arange(clusters), rows))
        misses += korn_graubard(sums, confidence=0.95)[0] > rate
    assert misses / 600 <= 0.025 + 0.019


def test_units_of_equal_size_count_as_they_are_and_a_giant_counts_for_itself():
    def kish(clusters):
        return Sums.of(np.ones(len(clusters)), clusters).kish_clusters

    assert kish(np.repeat(np.arange(40), 3)) == pytest.approx(40)
    assert kish(np.append(np.zeros(900, int), np.arange(1, 101))) == pytest.approx(1.23, abs=0.01)


def test_correlation_sees_shared_units_only():
    success, clusters = np.array([True, False, True, False]), np.arange(4)
    assert correlation(success, clusters, success, clusters) == pytest.approx(1)
    assert correlation(success, clusters, ~success, clusters) == pytest.approx(-1)
    assert correlation(success, clusters, success, clusters + 4) == 0
