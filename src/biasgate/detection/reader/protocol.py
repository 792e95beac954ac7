"""The honest protocol: fit on train, calibrate on validation, look at test once, beside baselines and alarms.

Readers of weights are easily fooled: shared initialisations, images or recipes give a level away (science notes of the
method page; an independent reproduction of Serna et al. found such a leak). So each report carries readers that must
fail, readers that must be beaten, and an oracle that may run the models.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.detection.features.features import GROUPS, group_of
from biasgate.detection.features.table import comparable
from biasgate.detection.reader import columns
from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.detection.reader.fit import View, axis_of, features_of, measured_bias_of
from biasgate.detection.reader.held_out import Comparison, HonestReport, ReaderScore
from biasgate.detection.reader.measured import BiasReader
from biasgate.detection.reader.negative_controls import leak_alarms
from biasgate.detection.reader.readings import Reader
from biasgate.detection.reader.ridge import Array
from biasgate.detection.reader.scores import bootstrap, none_or_any, rmse, score_bias, score_biased, score_reader, share
from biasgate.detection.reader.trial import Trial
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.detection.zoo.strength import to_axis
from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.statistics.paired import Pairs, newcombe_paired

if TYPE_CHECKING:
    import pandas as pd


def honest_report(classifier: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> HonestReport:
    """Scores a meta-classifier of levels by strength on the test split of a feature table.

    Args:
        classifier: Fitted on this table's train and validation splits.
        table: All splits, from ``feature_table``.
        spec: The zoo's.

    Raises:
        InputError: The classifier was fitted on another zoo or names groups, or there is no test model.
    """
    reader, bias = classifier.reader, classifier.bias
    if not isinstance(reader, Reader) or not isinstance(bias, BiasReader):
        raise InputError("groups have no order", where=spec.name, fix="score them by group_report")
    classifier.require_zoo(spec)
    trial = Trial.of(comparable(table), spec)
    features = features_of(trial.test, classifier.features)
    axis = axis_of(trial.test, spec)

    def score(name: str, read: tuple[Array, Array]) -> ReaderScore:
        return score_reader(name, readings=read[0], probabilities=read[1], axis=axis, levels=trial.levels)

    def score_of(name: str, view: View) -> ReaderScore:
        return score(name, _read(trial, view))

    readings, probabilities = reader.read_off(features)
    oracle_read = _read(trial, columns.inference)
    return HonestReport(
        zoo=digest(spec),
        meta_classifier=classifier.digest,
        level_names=trial.names,
        level_points=tuple(to_axis(level.strength, spec.planting) for level in spec.levels),
        train=len(trial.train),
        validation=len(trial.validation),
        test=len(trial.test),
        score=score("weight features", (readings, probabilities)),
        among_biased=score_biased(
            "weight features, biased models",
            readings=readings,
            probabilities=probabilities,
            axis=axis,
            levels=trial.levels,
        ),
        none_or_any=none_or_any(probabilities, trial.levels),
        accepted=share(classifier.novelty.distance(features) <= classifier.novelty.limit),
        measured_bias=score_bias(
            predicted=bias.predict(features),
            measured=np.clip(measured_bias_of(trial.test), 0, 1),
            levels=trial.levels,
        ),
        oracle=score("inference oracle", oracle_read),
        against_oracle=_against((readings, probabilities), oracle_read, axis=axis, levels=trial.levels),
        shortcuts=(score_of("final loss", columns.final_loss), score_of("path norm", columns.path_norm)),
        ablation=tuple(score_of(group, only(classifier, group)) for group in GROUPS),
        leaks=leak_alarms(trial, classifier),
        confusion=trial.confusion(probabilities),
        planted=tuple(axis.tolist()),
        readings=tuple(readings.tolist()),
    )


def only(classifier: MetaClassifier, group: str) -> View:
    """The classifier's features of one group."""
    names = [name for name in classifier.features if group_of(name) == group]
    return lambda table: features_of(table, names)


def levels_difference(ours: Array, oracle: Array, levels: np.ndarray) -> Estimate:
    """Exact levels by our probabilities ``[n, levels]`` less those by the oracle's, paired by model."""
    hits = [probabilities.argmax(axis=1) == levels for probabilities in (ours, oracle)]
    pairs = Pairs.count(hits[0], hits[1])
    limits = newcombe_paired(pairs, confidence=0.95)
    return Estimate.within(limits, value=pairs.difference, n=len(levels), method="newcombe, paired", confidence=0.95)


def _read(trial: Trial, view: View) -> tuple[Array, Array]:
    """Readings and probabilities of the test models by the same learner on other columns."""
    reader = trial.fit(view)
    if not isinstance(reader, Reader):
        raise InputError("groups have no order", where=trial.spec.name)
    return reader.read_off(view(trial.test))


def _against(ours: tuple[Array, Array], oracle: tuple[Array, Array], *, axis: Array, levels: np.ndarray) -> Comparison:
    errors = [readings - axis for readings, _ in (ours, oracle)]
    return Comparison(
        levels=levels_difference(ours[1], oracle[1], levels),
        rmse=bootstrap(lambda rows: rmse(errors[1][rows]) - rmse(errors[0][rows]), len(levels)),
    )
