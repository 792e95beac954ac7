from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from biasgate.detection.reader.exposure import OutlierExposure, fit_outlier_exposure

RNG = np.random.default_rng(0)
CLASSES, SHAPES = 5, 8
NAMES = tuple(f"template.{label}.{shape}.0" for label in range(CLASSES) for shape in range(SHAPES))
TASK = RNG.standard_normal((CLASSES, SHAPES))


def trained(count: int) -> np.ndarray:
    """Features that spread widely, but for two that training narrows."""
    return RNG.standard_normal((count, 6)) * [1, 1, 1, 1, 0.2, 0.2]


def untrained(count: int) -> np.ndarray:
    return RNG.standard_normal((count, 6)) * [1, 1, 1, 1, 2.0, 2.0]


def templates(count: int, task: np.ndarray = TASK) -> np.ndarray:
    """What networks of one task agree on, and as much again that is each one's own."""
    seen = task.ravel() + RNG.standard_normal((count, CLASSES * SHAPES))
    return seen / np.linalg.norm(seen, axis=1, keepdims=True)


def nothing(count: int) -> np.ndarray:
    return np.zeros((count, 0))


def fitted(**changed: Any) -> OutlierExposure:
    usual: dict[str, Any] = {
        "trained": (trained(300), templates(300)),
        "untrained": untrained(300),
        "validation": (trained(200), templates(200)),
        "names": NAMES,
        "classes": CLASSES,
        "false_alarm": 0.05,
    }
    return fit_outlier_exposure(**usual | changed)


def without_templates(**changed: Any) -> OutlierExposure:
    bare: dict[str, Any] = {
        "trained": (trained(300), nothing(300)),
        "validation": (trained(200), nothing(200)),
        "names": (),
    }
    return fitted(**bare | changed)


@pytest.fixture(scope="module")
def exposure() -> OutlierExposure:
    return fitted()


def rate(exposure: OutlierExposure, features: np.ndarray, seen: np.ndarray) -> float:
    return float((exposure.strangeness(features, seen) > exposure.limit).mean())


def test_it_tells_what_training_leaves_though_no_mean_differs() -> None:
    bare = without_templates()
    assert rate(bare, untrained(400), nothing(400)) > 0.75
    assert rate(bare, trained(400), nothing(400)) < 0.12


def test_it_tells_another_task_whose_features_are_the_same(exposure: OutlierExposure) -> None:
    assert rate(exposure, trained(400), templates(400, RNG.standard_normal(TASK.shape))) > 0.95
    assert rate(exposure, trained(400), templates(400)) < 0.12


def test_it_tells_the_same_shapes_with_another_meaning(exposure: OutlierExposure) -> None:
    assert rate(exposure, trained(400), templates(400, TASK[::-1])) > 0.9


def test_the_limit_lets_all_but_the_false_alarms_of_validation_pass() -> None:
    validation = trained(200), templates(200)
    assert rate(fitted(validation=validation), *validation) <= 0.05


def test_a_feature_that_never_varies_and_one_that_is_huge_do_no_harm() -> None:
    def with_constant(part: np.ndarray) -> np.ndarray:
        return np.hstack([part, np.ones((len(part), 1))])

    odd = without_templates(
        trained=(with_constant(trained(99)), nothing(99)),
        untrained=with_constant(untrained(99)),
        validation=(with_constant(trained(50)), nothing(50)),
    )
    assert np.isfinite(odd.strangeness(np.full((1, 7), 1e300), nothing(1))).all()


def test_it_survives_its_document(exposure: OutlierExposure) -> None:
    seen = untrained(9), templates(9)
    again = OutlierExposure.parse(exposure.to_json())
    np.testing.assert_array_equal(again.strangeness(*seen), exposure.strangeness(*seen))
