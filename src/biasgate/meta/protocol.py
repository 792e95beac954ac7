"""The honest protocol: fit on train, calibrate on validation, look at test once, beside baselines and alarms.

Readers of weights are easily fooled: shared initialisations, images or recipes give a level away (science notes of the
method page; an independent reproduction of Serna et al. found such a leak). So each report carries readers that must
fail, readers that must be beaten, and an oracle that may run the models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.meta import columns
from biasgate.meta.classifier import MetaClassifier
from biasgate.meta.fit import axis_of, features_of, graded, levels_of, measured_bias_of, split_of
from biasgate.meta.honest import Comparison, HonestReport, LeakAlarm, ReaderScore
from biasgate.meta.reader import fit_reader
from biasgate.meta.ridge import Array
from biasgate.meta.scores import bootstrap, none_or_any, rmse, score_bias, score_biased, score_reader, share
from biasgate.statistics.estimate import Estimate
from biasgate.statistics.mean import mean_t
from biasgate.statistics.paired import Pairs, newcombe_paired
from biasgate.weights.features import GROUPS, group_of
from biasgate.weights.table import RAW, comparable
from biasgate.zoo.plan import SPLITS
from biasgate.zoo.spec import ZooSpec
from biasgate.zoo.strength import to_axis

if TYPE_CHECKING:
    import pandas as pd

View = Callable[["pd.DataFrame"], Array]

ALARM_CONFIDENCE = 0.99
RAW_LIMIT = 2.0
SHUFFLES = 30


def honest_report(classifier: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> HonestReport:
    """Scores a meta-classifier on the test split of a feature table.

    Args:
        classifier: Fitted on this table's train and validation splits.
        table: All splits, from ``feature_table``.
        spec: The zoo's.

    Raises:
        InputError: The classifier was fitted on another zoo, or there is no test model.
    """
    if classifier.zoo != digest(spec):
        raise InputError("the meta-classifier was fitted on another zoo", where=spec.name, fix="fit it on this one")
    trial = Trial.of(comparable(table), spec)
    features = features_of(trial.test, classifier.features)
    readings, probabilities = classifier.reader.read_off(features)
    score = trial.score("weight features", readings, probabilities)
    oracle_read = trial.fit_and_read(columns.inference)
    return HonestReport(
        zoo=digest(spec),
        meta_classifier=classifier.digest,
        level_names=trial.names,
        level_points=tuple(to_axis(level.strength, spec.planting) for level in spec.levels),
        train=len(trial.train),
        validation=len(trial.validation),
        test=len(trial.test),
        score=score,
        among_biased=score_biased(
            "weight features, biased models",
            readings=readings,
            probabilities=probabilities,
            axis=trial.axis,
            levels=trial.levels,
        ),
        none_or_any=none_or_any(probabilities, trial.levels),
        accepted=share(classifier.novelty.distance(features) <= classifier.novelty.limit),
        measured_bias=score_bias(
            predicted=classifier.bias.predict(features),
            measured=np.clip(measured_bias_of(trial.test), 0, 1),
            levels=trial.levels,
        ),
        oracle=trial.score("inference oracle", *oracle_read),
        against_oracle=_against(trial, (readings, probabilities), oracle_read),
        shortcuts=(
            trial.score("final loss", *trial.fit_and_read(columns.final_loss)),
            trial.score("path norm", *trial.fit_and_read(columns.path_norm)),
        ),
        ablation=tuple(_group_score(trial, classifier, group) for group in GROUPS),
        leaks=_leaks(trial, classifier),
        confusion=_confusion(trial.levels, probabilities),
        planted=tuple(trial.axis.tolist()),
        readings=tuple(readings.tolist()),
    )


@dataclass(frozen=True)
class Trial:
    """The three splits, and what is known of the test models."""

    train: pd.DataFrame
    validation: pd.DataFrame
    test: pd.DataFrame
    spec: ZooSpec
    names: tuple[str, ...]
    axis: Array
    levels: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, spec: ZooSpec) -> Trial:
        """Splits a feature table."""
        train, validation, test = (split_of(table, split) for split in SPLITS)
        names = tuple(level.name for level in spec.levels)
        if missing := set(names) - set(test["level"]):
            raise InputError(f"no test model at level {', '.join(sorted(missing))}", where=spec.name)
        return cls(train, validation, test, spec, names, axis_of(test, spec), levels_of(test, spec))

    def score(self, name: str, readings: Array, probabilities: Array) -> ReaderScore:
        """Scores readings of the test models."""
        return score_reader(name, readings=readings, probabilities=probabilities, axis=self.axis, levels=self.levels)

    def fit_and_read(self, view: View, *, shuffle: np.random.Generator | None = None) -> tuple[Array, Array]:
        """Readings and probabilities of the test models by the same learner on other columns, or shuffled labels."""
        learned, known = np.arange(len(self.train)), np.arange(len(self.validation))
        if shuffle:
            learned, known = shuffle.permutation(learned), shuffle.permutation(known)
        reader = fit_reader(
            train=(
                view(self.train), axis_of(self.train, self.spec)[learned], levels_of(self.train, self.spec)[learned]
            ),
            validation=(view(self.validation), levels_of(self.validation, self.spec)[known]),
            names=self.names,
            graded=graded(self.train, self.spec)[learned],
        )  # fmt: skip
        return reader.read_off(view(self.test))


def _group_score(trial: Trial, classifier: MetaClassifier, group: str) -> ReaderScore:
    names = [name for name in classifier.features if group_of(name) == group]
    return trial.score(group, *trial.fit_and_read(lambda table: features_of(table, names)))


def _against(trial: Trial, ours: tuple[Array, Array], oracle: tuple[Array, Array]) -> Comparison:
    hits = [probabilities.argmax(axis=1) == trial.levels for _, probabilities in (ours, oracle)]
    pairs = Pairs.count(hits[0], hits[1])
    errors = [readings - trial.axis for readings, _ in (ours, oracle)]
    return Comparison(
        levels=Estimate.within(
            newcombe_paired(pairs, confidence=0.95),
            value=pairs.difference,
            n=len(trial.levels),
            method="newcombe, paired",
            confidence=0.95,
        ),
        rmse=bootstrap(lambda rows: rmse(errors[1][rows]) - rmse(errors[0][rows]), len(trial.levels)),
    )


def _leaks(trial: Trial, classifier: MetaClassifier) -> tuple[LeakAlarm, ...]:
    """Chance is the share of the commonest level; nearest neighbours on raw weights ring at twice that.

    Trained raw weights hold the bias itself, so a faint reading of them is no leak; shared seeds would give near 1.
    """
    readers = {
        "recipe": trial.fit_and_read(columns.recipe),
        "initial weights": trial.fit_and_read(columns.initial_weights),
        "image subset": trial.fit_and_read(columns.image_subset),
    }
    chance = float(np.bincount(trial.levels).max() / len(trial.levels))
    named = {name: probabilities.argmax(axis=1) for name, (_, probabilities) in readers.items()}
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
        _, probabilities = trial.fit_and_read(lambda t: features_of(t, classifier.features), shuffle=rng)
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


def _confusion(levels: np.ndarray, probabilities: Array) -> tuple[tuple[int, ...], ...]:
    count = probabilities.shape[1]
    cells = np.bincount(levels * count + probabilities.argmax(axis=1), minlength=count**2)
    return tuple(map(tuple, cells.reshape(count, count).tolist()))
