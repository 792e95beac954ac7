from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from biasgate.meta.levels import LevelCalibration, calibrate_levels

CALIBRATION = LevelCalibration(names=("none", "low", "high"), means=(-1.0, 0.5, 2.0), spread=0.7)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_probabilities_are_a_distribution_however_far_the_reading(readings: list[float]) -> None:
    probabilities = CALIBRATION.probabilities(np.array(readings))
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@given(reading=st.floats(-5, 5), step=st.floats(0.01, 5))
def test_a_higher_reading_never_makes_the_strongest_level_less_probable(reading: float, step: float) -> None:
    lower, higher = CALIBRATION.probabilities(np.array([reading, reading + step]))
    assert higher[-1] >= lower[-1]
    assert higher[0] <= lower[0]


def test_calibrated_probabilities_match_frequencies() -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(3, size=6000)
    readings = np.array([-1.0, 0.5, 2.0])[levels] + rng.normal(size=6000) * 0.7
    fitted = calibrate_levels(readings[:3000], levels[:3000], names=("none", "low", "high"))
    probabilities = fitted.probabilities(readings[3000:])
    for level in range(3):
        sure = np.abs(probabilities[:, level] - 0.7) < 0.1
        assert abs((levels[3000:][sure] == level).mean() - probabilities[sure, level].mean()) < 0.08


def test_levels_that_validation_shows_in_the_wrong_order_are_pooled() -> None:
    fitted = calibrate_levels(
        np.array([0.0, 0.2, 1.1, 0.9, 0.8, 0.6]), np.array([0, 0, 1, 1, 2, 2]), names=("none", "low", "high")
    )
    assert fitted.means[1] == fitted.means[2] == np.mean([1.1, 0.9, 0.8, 0.6])
