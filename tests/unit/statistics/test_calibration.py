import numpy as np
import pytest

from biasgate.statistics.binned_error import binned_error, distances


def sample(rng, rows, *, too_sure=0.0):
    """Confidences between .5 and 1, each right as often as it says, less ``too_sure``."""
    confidence = rng.uniform(0.5, 1, rows)
    return confidence, rng.random(rows) < confidence - too_sure


def test_the_error_is_the_weighted_distance_of_the_bins():
    confidence = np.array([0.95, 0.95, 0.65, 0.65])
    right = np.array([True, False, True, True])
    assert binned_error(confidence, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.35)


def test_a_confidence_of_one_is_in_the_last_bin():
    assert binned_error(np.array([1.0, 0.92]), np.array([True, False])) == pytest.approx(0.46)


@pytest.mark.parametrize("too_sure", [0.0, 0.1])
def test_the_true_error_is_seldom_further_than_the_distance_tells(too_sure):
    rng = np.random.default_rng(0)
    missed = 0
    for draw in range(100):
        confidence, right = sample(rng, 150, too_sure=too_sure)
        reach = np.quantile(distances(confidence, right, np.arange(150), seed=draw), 0.95)
        missed += abs(binned_error(confidence, right) - too_sure) > reach
    assert missed <= 10


def test_an_estimate_above_zero_proves_no_error_of_a_calibrated_model():
    confidence, right = sample(np.random.default_rng(1), 200)
    assert 0.02 < binned_error(confidence, right) < np.quantile(distances(confidence, right, np.arange(200)), 0.95)


def test_all_right_and_sure_is_not_certain():
    sure, right = np.full(50, 0.999), np.ones(50, dtype=bool)
    assert 0.03 < np.quantile(distances(sure, right, np.arange(50)), 0.975) < 0.15


def test_rows_of_one_unit_count_as_one():
    confidence, right = sample(np.random.default_rng(2), 100)
    once = np.quantile(distances(confidence, right, np.arange(100)), 0.975)
    fourfold = np.repeat(confidence, 4), np.repeat(right, 4), np.repeat(np.arange(100), 4)
    copied = np.quantile(distances(*fourfold), 0.975)
    assert copied == pytest.approx(once, rel=0.05)
