"""The worst group of a benchmark is chosen on one half of the images and scored on the other."""

import numpy as np
import pytest
from repair_wide_tables import worst


def test_the_worst_group_of_either_half_is_scored_on_the_other():
    assert worst([[0.2, 0.9, 0.8], [0.6, 0.5, 0.7]]) == pytest.approx((0.6 + 0.9) / 2)


def test_of_equal_groups_the_worst_is_no_worse_than_they_are():
    rng = np.random.default_rng(0)
    found = [worst(list(map(list, rng.binomial(50, 0.8, (2, 20)) / 50))) for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.01)
