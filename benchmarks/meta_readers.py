"""Peers of the meta-classifier: other ways to read bias from the weights of the same zoo.

Each is fitted on train, calibrated on validation and gives readings on the bias axis and level probabilities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.detection.features.table import feature_names
from biasgate.detection.reader.level_readers import fit_strength_reader
from biasgate.detection.reader.levels import calibrate_levels
from biasgate.detection.reader.views import axis_of, features_of, levels_of, on_axis
from biasgate.detection.zoo.spec import ZooSpec

Array = NDArray[np.float64]
State = dict[str, NDArray[np.float32]]
Reading = tuple[Array, Array]
"""Readings on the bias axis ``[n]`` and level probabilities ``[n, levels]``."""


@dataclass(frozen=True)
class Models:
    """Some models of a zoo: their rows and their tensors, in one order."""

    table: pd.DataFrame
    states: list[State]

    def where(self, mask: Array) -> Models:
        """Those for which the mask holds."""
        return Models(self.table[mask], [state for state, kept in zip(self.states, mask, strict=True) if kept])


Peer = Callable[[Models, Models, ZooSpec], Callable[[Models], Reading]]
"""From train, validation and spec to a reader of other models."""


def invariants(models: Models) -> Array:
    """The features."""
    return features_of(models.table, feature_names(models.table))


def statistics(models: Models) -> Array:
    """Mean, variance and quartiles of each layer's weights and of its biases (Unterthiner et al., arXiv 2002.11448)."""
    rows = []
    for state in models.states:
        tensors = [state[name].ravel().astype(np.float64) for name in sorted(state)]
        rows.append(np.concatenate([[t.mean(), t.var(), *np.quantile(t, [0, 0.25, 0.5, 0.75, 1])] for t in tensors]))
    return np.array(rows)


def library(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
    """What ``biasgate`` ships."""
    return columns_peer(lambda table: features_of(table, feature_names(train.table)))(train, validation, spec)


def columns_peer(view: Callable[..., Array], *, of_models: bool = False) -> Peer:
    """The library's reader on other columns, read off tables or, ``of_models``, off models."""

    def peer(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
        def seen(models: Models) -> Array:
            return view(models if of_models else models.table)

        reader = fit_strength_reader(
            train=(seen(train), axis_of(train.table, spec), levels_of(train.table, spec)),
            validation=(seen(validation), levels_of(validation.table, spec)),
            names=tuple(level.name for level in spec.levels),
            on_axis=on_axis(train.table, spec),
        )
        return lambda models: reader.read_off(seen(models))

    return peer


def boosting(view: Callable[[Models], Array]) -> Peer:
    """Gradient boosting (scikit-learn's histogram trees) in the place of both ridges of the library's reader."""

    def fit(features: Array, target: Array) -> Callable[[Array], Array]:
        from sklearn.ensemble import HistGradientBoostingRegressor

        model = HistGradientBoostingRegressor(
            learning_rate=0.06, max_iter=200, max_leaf_nodes=8, min_samples_leaf=10, l2_regularization=1.0,
            max_features=0.3, random_state=0,
        )  # fmt: skip
        return model.fit(features, target).predict

    def peer(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
        features, placed = view(train), on_axis(train.table, spec)
        strength = fit(features[placed], axis_of(train.table, spec)[placed])
        presence = fit(features, (levels_of(train.table, spec) > 0).astype(float))
        return calibrated(lambda models: [f(view(models)) for f in (strength, presence)], validation, spec)

    return peer


def calibrated(read: Callable[[Models], list[Array]], validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
    """Level probabilities from readings, the first of them on the bias axis, as the library calibrates."""
    names, levels = tuple(level.name for level in spec.levels), levels_of(validation.table, spec)
    calibration = calibrate_levels(np.column_stack(read(validation)), levels, names=names)

    def calibrated_reading(models: Models) -> Reading:
        readings = read(models)
        return readings[0], calibration.probabilities(np.column_stack(readings))

    return calibrated_reading


def ordinal(train: Models, validation: Models, spec: ZooSpec) -> Callable[[Models], Reading]:
    """A logistic regression for each threshold between levels (Frank and Hall 2001), penalty chosen on validation."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    points = axis_points(spec)
    features, levels = invariants(train), levels_of(train.table, spec)

    def fit(strength: float) -> Callable[[Array], Array]:
        models = [
            make_pipeline(StandardScaler(), LogisticRegression(C=strength, max_iter=500)).fit(features, levels > cut)
            for cut in range(len(points) - 1)
        ]

        def probabilities(x: Array) -> Array:
            above = np.column_stack([np.ones(len(x)), *(m.predict_proba(x)[:, 1] for m in models), np.zeros(len(x))])
            found = np.clip(above[:, :-1] - above[:, 1:], 1e-6, None)
            return found / found.sum(axis=1, keepdims=True)

        return probabilities

    truth = levels_of(validation.table, spec)
    fitted = [fit(strength) for strength in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)]

    def loss(probabilities: Callable[[Array], Array]) -> float:
        return float(-np.log(probabilities(invariants(validation))[np.arange(len(truth)), truth]).mean())

    best = min(fitted, key=loss)

    def read(models: Models) -> Reading:
        found = best(invariants(models))
        return found @ points, found

    return read


def stronger_half(probabilities: Array) -> NDArray[np.bool_]:
    """Whether the two strongest levels have more of it than the two weakest ``[n]``."""
    return probabilities[:, -2:].sum(axis=1) > probabilities[:, :2].sum(axis=1)


def strongest(probabilities: Array) -> NDArray[np.bool_]:
    """Whether the strongest level has more of it than the weakest ``[n]``."""
    return probabilities[:, -1] > probabilities[:, 0]


def axis_points(spec: ZooSpec) -> Array:
    """Where the levels lie on the bias axis."""
    from biasgate.detection.zoo.axis import to_axis

    return np.array([to_axis(level.strength, spec.planting) for level in spec.levels])
