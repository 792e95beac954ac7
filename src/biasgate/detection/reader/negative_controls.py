"""Negative controls: readers that must stay at chance, or the zoo gives its levels away by something else than bias."""

from __future__ import annotations

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.held_out import NegativeControl
from biasgate.detection.features.table import RAW
from biasgate.detection.reader import views
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.scores import share
from biasgate.detection.reader.trial import Trial
from biasgate.statistics.mean import mean_t

CONFIDENCE = 0.99
RAW_LIMIT = 2.0
SHUFFLES = 30


def negative_controls(trial: Trial, meta: MetaClassifier) -> tuple[NegativeControl, ...]:
    """Chance is the share of the commonest level; nearest neighbours on raw weights may reach twice that.

    Trained raw weights hold the bias itself, so a faint reading of them is no leak; shared seeds would give near 1.
    """
    seen = {"recipe": views.recipe, "initial weights": views.initial_weights, "image subset": views.image_subset}
    chance = float(np.bincount(trial.levels).max() / len(trial.levels))
    named = {name: trial.probabilities(view).argmax(axis=1) for name, view in seen.items()}
    rates = {name: share(levels == trial.levels, confidence=CONFIDENCE) for name, levels in named.items()}
    nearest = share(_nearest(trial) == trial.levels, confidence=CONFIDENCE)
    return (
        *(_control(name, rate, limit=chance) for name, rate in rates.items()),
        _control("shuffled labels", _shuffled(trial, meta), limit=chance),
        _control("raw weights", nearest, limit=RAW_LIMIT * chance),
    )


def _control(name: str, levels: Estimate, *, limit: float) -> NegativeControl:
    return NegativeControl(name=name, levels=levels, limit=limit, failed=levels.low > limit)


def _shuffled(trial: Trial, meta: MetaClassifier) -> Estimate:
    """Mean share of exact levels over many shuffles.

    What varies is the shuffle: a reader of random labels points somewhere in feature space, bias is the direction in
    which models vary most, and all test models share the accident.
    """
    rng = np.random.default_rng(0)

    def hits() -> float:
        probabilities = trial.probabilities(views.of_features(meta.features), shuffle=rng)
        return float((probabilities.argmax(axis=1) == trial.levels).mean())

    return mean_t(np.array([hits() for _ in range(SHUFFLES)]), confidence=CONFIDENCE)


def _nearest(trial: Trial) -> np.ndarray:
    """Levels of the test models by PCA and five nearest neighbours on raw weights."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    raw = [name for name in trial.train.columns if name.startswith(RAW)]
    parts = min(100, len(raw), len(trial.train))
    model = make_pipeline(PCA(parts, random_state=0), KNeighborsClassifier(min(5, len(trial.train))))
    model.fit(trial.train[raw].to_numpy(), views.levels_of(trial.train, trial.spec))
    return model.predict(trial.test[raw].to_numpy())
