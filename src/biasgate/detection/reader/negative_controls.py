"""Leak alarms: readers that must fail, or the zoo gives its levels away by something other than bias."""

from __future__ import annotations

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.detection.features.table import RAW
from biasgate.detection.reader import columns
from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.detection.reader.fit import features_of, levels_of
from biasgate.detection.reader.held_out import LeakAlarm
from biasgate.detection.reader.scores import share
from biasgate.detection.reader.trial import Trial
from biasgate.statistics.mean import mean_t

ALARM_CONFIDENCE = 0.99
RAW_LIMIT = 2.0
SHUFFLES = 30


def leak_alarms(trial: Trial, classifier: MetaClassifier) -> tuple[LeakAlarm, ...]:
    """Chance is the share of the commonest level; nearest neighbours on raw weights ring at twice that.

    Trained raw weights hold the bias itself, so a faint reading of them is no leak; shared seeds would give near 1.
    """
    views = {"recipe": columns.recipe, "initial weights": columns.initial_weights, "image subset": columns.image_subset}
    chance = float(np.bincount(trial.levels).max() / len(trial.levels))
    named = {name: trial.probabilities(view).argmax(axis=1) for name, view in views.items()}
    rates = {name: share(levels == trial.levels, confidence=ALARM_CONFIDENCE) for name, levels in named.items()}
    nearest = share(_nearest(trial) == trial.levels, confidence=ALARM_CONFIDENCE)
    return (
        *(_alarm(name, rate, limit=chance) for name, rate in rates.items()),
        _alarm("shuffled labels", _shuffled(trial, classifier), limit=chance),
        _alarm("raw weights", nearest, limit=RAW_LIMIT * chance),
    )


def _alarm(name: str, levels: Estimate, *, limit: float) -> LeakAlarm:
    return LeakAlarm(name=name, levels=levels, limit=limit, rings=levels.low > limit)


def _shuffled(trial: Trial, classifier: MetaClassifier) -> Estimate:
    """Mean share of exact levels over many shuffles.

    The unit is the shuffle: a reader of random labels points somewhere in feature space, bias is the direction in which
    models vary most, and all test models share the accident.
    """
    rng = np.random.default_rng(0)

    def hits() -> float:
        probabilities = trial.probabilities(lambda t: features_of(t, classifier.features), shuffle=rng)
        return float((probabilities.argmax(axis=1) == trial.levels).mean())

    return mean_t(np.array([hits() for _ in range(SHUFFLES)]), confidence=ALARM_CONFIDENCE)


def _nearest(trial: Trial) -> np.ndarray:
    """Levels of the test models by PCA and five nearest neighbours on raw weights, as the failed reproduction did."""
    from sklearn.decomposition import PCA
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline

    raw = [name for name in trial.train.columns if name.startswith(RAW)]
    parts = min(100, len(raw), len(trial.train))
    model = make_pipeline(PCA(parts, random_state=0), KNeighborsClassifier(min(5, len(trial.train))))
    model.fit(trial.train[raw].to_numpy(), levels_of(trial.train, trial.spec))
    return model.predict(trial.test[raw].to_numpy())
