import numpy as np
import pytest

from biasgate.statistics.intervals import miettinen_nurminen
from biasgate.statistics.power import gap_half_width, units_for_gap


@pytest.mark.parametrize(("units", "half"), [(100, 0.087), (200, 0.060), (500, 0.038), (1000, 0.026), (2000, 0.019)])
def test_half_width_shrinks_with_the_units(units, half):
    assert gap_half_width(0.9, units) == pytest.approx(half, abs=6e-4)


def test_five_points_at_a_rate_of_nine_in_ten_take_757_units_a_group():
    assert units_for_gap(0.9, 0.05) == 757
    assert units_for_gap(0.9, 0.05, power=0.9) > 757


def test_the_units_told_give_the_power_told():
    rng = np.random.default_rng(5)
    units = units_for_gap(0.9, 0.1)
    drawn = rng.binomial(units, 0.9, size=(400, 2))
    limits = np.array([miettinen_nurminen(tuple(pair), (units, units), confidence=0.95) for pair in drawn])
    assert np.mean(np.abs(limits).max(axis=1) < 0.1) == pytest.approx(0.8, abs=0.06)
