import numpy as np
import pytest

from biasgate.errors import InputError
from biasgate.statistics.median import median


def test_the_interval_lies_between_the_order_statistics_of_the_tables():
    """n = 10 at 95 %: the second smallest and the second largest; n = 20: the sixth."""
    assert (median(range(1, 11), confidence=0.95).low, median(range(1, 11), confidence=0.95).high) == (2, 9)
    assert (median(range(1, 21), confidence=0.95).low, median(range(1, 21), confidence=0.95).high) == (6, 15)


def test_one_slow_run_moves_nothing():
    assert median([1.0] * 20, confidence=0.95).high == median([1.0] * 19 + [900.0], confidence=0.95).high


def test_the_median_is_held_as_often_as_promised():
    rng = np.random.default_rng(0)
    found = [median(rng.exponential(size=25).tolist(), confidence=0.95) for _ in range(400)]
    assert np.mean([estimate.low <= np.log(2) <= estimate.high for estimate in found]) >= 0.93


def test_five_values_are_too_few():
    with pytest.raises(InputError, match="too few"):
        median([1.0] * 5, confidence=0.95)
