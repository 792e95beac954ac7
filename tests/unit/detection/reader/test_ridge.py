from __future__ import annotations

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from biasgate.detection.reader.ridge import PENALTIES, fit_ridge


def noisy(n: int = 80, d: int = 20) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(n, d)) * rng.exponential(size=d) + 3
    return features, features[:, 0] - 2 * features[:, 1] + rng.normal(size=n)


def test_it_agrees_with_leave_one_out_ridge_of_scikit_learn() -> None:
    features, target = noisy()
    chosen = RidgeCV(PENALTIES)
    theirs = make_pipeline(StandardScaler(), chosen).fit(features, target)
    ours = fit_ridge(features, target)
    assert ours.penalty == chosen.alpha_
    np.testing.assert_allclose(ours.predict(features), theirs.predict(features))


def test_a_constant_feature_counts_for_nothing() -> None:
    features, target = noisy()
    with_constant = np.column_stack([features, np.full(len(features), 7.0)])
    ridge = fit_ridge(with_constant, target)
    assert abs(ridge.weights[-1]) < 1e-9
    moved = with_constant + np.eye(21)[-1] * 100
    np.testing.assert_allclose(ridge.predict(moved), ridge.predict(with_constant))


def test_terms_sum_to_the_prediction() -> None:
    features, target = noisy()
    ridge = fit_ridge(features, target)
    np.testing.assert_allclose(ridge.intercept + ridge.terms(features).sum(axis=1), ridge.predict(features))
