from __future__ import annotations

import numpy as np
import pytest

from biasgate.detection.reader.exposure import OutlierExposure, fit_outlier_exposure

RNG = np.random.default_rng(0)


def trained(count: int) -> np.ndarray:
    """Features that spread widely, but for two that training narrows."""
    return RNG.standard_normal((count, 6)) * [1, 1, 1, 1, 0.2, 0.2]


def untrained(count: int) -> np.ndarray:
    return RNG.standard_normal((count, 6)) * [1, 1, 1, 1, 2.0, 2.0]


@pytest.fixture(scope="module")
def exposure() -> OutlierExposure:
    return fit_outlier_exposure(trained(300), untrained(300), trained(200), false_alarm=0.05)


def test_it_tells_what_training_leaves_though_no_mean_differs(exposure: OutlierExposure) -> None:
    assert (exposure.strangeness(untrained(400)) > exposure.limit).mean() > 0.75
    assert (exposure.strangeness(trained(400)) > exposure.limit).mean() < 0.12


def test_the_limit_lets_all_but_the_false_alarms_of_validation_pass() -> None:
    validation = trained(200)
    fitted = fit_outlier_exposure(trained(300), untrained(300), validation, false_alarm=0.05)
    assert (fitted.strangeness(validation) > fitted.limit).mean() <= 0.05


def test_a_feature_that_never_varies_and_one_that_is_huge_do_no_harm() -> None:
    constant = [np.hstack([part, np.ones((len(part), 1))]) for part in (trained(99), untrained(99), trained(50))]
    fitted = fit_outlier_exposure(*constant, false_alarm=0.05)
    assert np.isfinite(fitted.strangeness(np.full((1, 7), 1e300))).all()


def test_it_survives_its_document(exposure: OutlierExposure) -> None:
    features = untrained(9)
    again = OutlierExposure.parse(exposure.to_json())
    np.testing.assert_array_equal(again.strangeness(features), exposure.strangeness(features))
