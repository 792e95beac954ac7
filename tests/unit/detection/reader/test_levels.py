from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from biasgate.detection.reader.levels import LevelCalibration, calibrate_levels

NAMES = ("none", "low", "high")
CALIBRATION = LevelCalibration(names=NAMES, means=((-1.0,), (0.5,), (2.0,)), whitening=((1 / 0.7,),))


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_probabilities_are_a_distribution_however_far_the_reading(readings: list[float]) -> None:
    probabilities = CALIBRATION.probabilities(np.array(readings)[:, None])
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


@given(reading=st.floats(-5, 5), step=st.floats(0.01, 5))
def test_a_higher_reading_never_makes_the_strongest_level_less_probable(reading: float, step: float) -> None:
    lower, higher = CALIBRATION.probabilities(np.array([[reading], [reading + step]]))
    assert higher[-1] >= lower[-1]
    assert higher[0] <= lower[0]


def drawn(n: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two correlated readings of a level each."""
    rng = np.random.default_rng(seed)
    levels = rng.integers(3, size=n)
    noise = rng.normal(size=(n, 2)) @ np.array([[0.7, 0.3], [0.0, 0.4]])
    return np.array([[-1.0, 0.0], [0.5, 1.0], [2.0, 1.0]])[levels] + noise, levels


def test_calibrated_probabilities_match_frequencies() -> None:
    fitted = calibrate_levels(*drawn(3000, seed=0), names=NAMES)
    readings, levels = drawn(3000, seed=1)
    probabilities = fitted.probabilities(readings)
    for level in range(3):
        sure = np.abs(probabilities[:, level] - 0.7) < 0.1
        assert abs((levels[sure] == level).mean() - probabilities[sure, level].mean()) < 0.08


def test_a_second_reading_tells_what_the_first_cannot() -> None:
    readings, levels = drawn(3000, seed=2)
    alone = calibrate_levels(readings[:, :1], levels, names=NAMES).probabilities(readings[:, :1])
    both = calibrate_levels(readings, levels, names=NAMES).probabilities(readings)
    assert (both.argmax(axis=1) == levels).mean() > (alone.argmax(axis=1) == levels).mean() + 0.03


def test_few_validation_models_give_timid_probabilities() -> None:
    readings, levels = drawn(3000, seed=4)

    def sureness(each: int) -> float:
        first = np.concatenate([np.flatnonzero(levels == level)[:each] for level in range(3)])
        return calibrate_levels(readings[first], levels[first], names=NAMES).probabilities(readings).max(axis=1).mean()

    assert sureness(3) < sureness(300) - 0.05


def test_readings_that_are_one_and_the_same_still_calibrate() -> None:
    readings, levels = drawn(300, seed=3)
    probabilities = calibrate_levels(readings[:, [0, 0]], levels, names=NAMES).probabilities(readings[:, [0, 0]])
    assert np.isfinite(probabilities).all()
