from __future__ import annotations

import math

import numpy as np

from biasgate.detection.reader.measured_bias import fit_bias_reader


def linear_world(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n, 5))
    return features, np.clip(np.sin(0.7 + 0.2 * features[:, 0]) ** 2 + rng.normal(size=n) * 0.05, -0.1, 1)


def test_intervals_cover_what_they_promise_and_stay_in_range() -> None:
    reader = fit_bias_reader(train=linear_world(300, 0), validation=linear_world(300, 1))
    features, measured = linear_world(2000, 2)
    estimates = reader.predict(features)
    inside = [e.low <= max(y, 0) <= e.high for e, y in zip(estimates, measured, strict=True)]
    assert abs(np.mean(inside) - 0.95) < 0.03
    assert all(0 <= e.low <= e.value <= e.high <= 1 for e in estimates)


def test_too_few_validation_models_give_the_whole_range() -> None:
    reader = fit_bias_reader(train=linear_world(100, 0), validation=linear_world(18, 1))
    assert reader.half_width == math.pi / 2
    estimate = reader.predict(np.zeros((1, 5)))[0]
    assert (estimate.low, estimate.high) == (0, 1)
