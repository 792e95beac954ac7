from __future__ import annotations

import numpy as np
import pytest

from biasgate.detection.reader.scores import calibration_test


def drawn(n: int, *, seed: int, sharper: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and levels drawn from them; then the probabilities made too sure (or too timid)."""
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet([0.7] * 4, size=n)
    levels = np.array([rng.choice(4, p=p) for p in probabilities])
    stated = probabilities**sharper
    return stated / stated.sum(axis=1, keepdims=True), levels


def test_levels_drawn_from_the_probabilities_are_rejected_as_often_as_the_test_says() -> None:
    found = [calibration_test(*drawn(300, seed=seed)) for seed in range(300)]
    for values in ([test.sureness for test in found], [test.counts for test in found]):
        assert 0.02 < np.mean(np.array(values) < 0.05) < 0.09


@pytest.mark.parametrize(("sharper", "sign"), [(2.0, 1), (0.5, -1)])
def test_probabilities_that_are_too_sure_or_too_timid_are_rejected_in_that_direction(sharper: float, sign: int) -> None:
    found = calibration_test(*drawn(300, seed=1, sharper=sharper))
    assert found.sureness < 1e-3
    assert np.sign(found.z) == sign


def test_a_level_that_comes_more_often_than_stated_is_rejected() -> None:
    probabilities, levels = drawn(300, seed=2)
    levels[:60] = 3
    assert calibration_test(probabilities, levels).counts < 1e-3


def test_certainty_that_is_right_is_not_rejected() -> None:
    found = calibration_test(np.eye(4)[[0, 1, 2, 3]], np.array([0, 1, 2, 3]))
    assert found.sureness == found.counts == pytest.approx(1)
