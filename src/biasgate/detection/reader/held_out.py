"""The held-out report: fit on train, calibrate on validation, look at test once, beside baselines and controls.

Readers of weights are easily fooled: shared initialisations, images or recipes give a level away. So each report
carries readers that must stay at chance (negative controls), readers that must be beaten (shortcuts), and one that may
run the models (the behavioural reference).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.held_out import (
    Comparison,
    HeldOutReport,
    LevelScore,
    StrengthReport,
    StrengthScore,
    SubgroupReport,
)
from biasgate.detection.features.invariant import INVARIANT_GROUPS
from biasgate.detection.features.named import group_of
from biasgate.detection.features.signed_colour import SIGNED_GROUPS
from biasgate.detection.features.table import comparable
from biasgate.detection.reader import views
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.level_readers import StrengthReader
from biasgate.detection.reader.measured_bias import BiasReader
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.negative_controls import negative_controls
from biasgate.detection.reader.ridge import Array
from biasgate.detection.reader.scores import (
    bootstrap,
    none_or_any,
    rmse,
    score_bias,
    score_biased,
    score_levels,
    score_strength,
    share,
)
from biasgate.detection.reader.trial import Trial
from biasgate.detection.reader.views import View
from biasgate.detection.zoo.axis import to_axis
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.statistics.paired import Pairs, newcombe_paired

if TYPE_CHECKING:
    import pandas as pd

REFERENCE = "behavioural reference"
SHORTCUTS: dict[str, View] = {"final loss": views.final_loss, "path norm": views.path_norm}


def held_out_report(meta: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> HeldOutReport:
    """Scores a meta-classifier on the test split of a feature table.

    Args:
        meta: Fitted on this table's train and validation splits.
        table: All splits, from ``feature_table``.
        spec: The zoo's spec; its planting decides the kind of report.

    Raises:
        InputError: The meta-classifier was fitted on another zoo, or a level has no test model.
    """
    return (subgroup_report if spec.planting == "group" else strength_report)(meta, table, spec=spec)


def strength_report(meta: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> StrengthReport:
    """The report of a zoo whose levels have an order; see ``held_out_report``."""
    reader, bias = meta.reader, meta.bias
    if not isinstance(reader, StrengthReader) or not isinstance(bias, BiasReader):
        raise InputError("subgroups have no order", where=spec.name, fix="score them by subgroup_report")
    trial = _trial(meta, table, spec)
    axis, levels = views.axis_of(trial.test, spec), trial.levels
    features = views.features_of(trial.test, meta.features)

    def score(name: str, read: tuple[Array, Array]) -> StrengthScore:
        return score_strength(name, readings=read[0], probabilities=read[1], axis=axis, levels=levels)

    ours, reference = reader.read_off(features), _read(trial, views.behaviour)
    readings, probabilities = ours
    return StrengthReport(
        **_common(meta, trial, probabilities),
        level_points=tuple(to_axis(level.strength, spec.planting) for level in spec.levels),
        score=score("features", ours),
        among_biased=score_biased(
            "features, biased models", readings=readings, probabilities=probabilities, axis=axis, levels=levels
        ),
        none_or_any=none_or_any(probabilities, levels),
        measured_bias=score_bias(
            predicted=bias.predict(features),
            measured=np.clip(views.measured_bias_of(trial.test), 0, 1),
            levels=levels,
        ),
        reference=score(REFERENCE, reference),
        against_reference=_against(ours, reference, axis=axis, levels=levels),
        shortcuts=tuple(score(name, _read(trial, view)) for name, view in SHORTCUTS.items()),
        ablation=tuple(score(group, _read(trial, only(meta, group))) for group in INVARIANT_GROUPS),
        planted=tuple(axis.tolist()),
        readings=tuple(readings.tolist()),
    )


def subgroup_report(meta: MetaClassifier, table: pd.DataFrame, *, spec: ZooSpec) -> SubgroupReport:
    """The report of a zoo that is planted by ``group``; see ``held_out_report``."""
    trial = _trial(meta, table, spec)
    probabilities = meta.reader.probabilities(views.features_of(trial.test, meta.features))
    reference = trial.probabilities(views.subgroup_accuracies(trial.names))

    def score(name: str, read: Array) -> LevelScore:
        return score_levels(name, probabilities=read, levels=trial.levels)

    return SubgroupReport(
        **_common(meta, trial, probabilities),
        score=score("signed colour features", probabilities),
        reference=score(REFERENCE, reference),
        against_reference=_difference(probabilities, reference, trial.levels),
        shortcuts=tuple(score(name, trial.probabilities(view)) for name, view in SHORTCUTS.items()),
        ablation=tuple(score(group, trial.probabilities(only(meta, group))) for group in SIGNED_GROUPS),
    )


def only(meta: MetaClassifier, group: str) -> View:
    """The meta-classifier's features of one group."""
    return views.of_features([name for name in meta.features if group_of(name) == group])


def _trial(meta: MetaClassifier, table: pd.DataFrame, spec: ZooSpec) -> Trial:
    meta.require_zoo(spec)
    return Trial.of(comparable(learned(table)), spec)


def _common(meta: MetaClassifier, trial: Trial, probabilities: Array) -> dict[str, Any]:
    """What both kinds of report hold."""
    return {
        "zoo": digest(trial.spec),
        "meta_classifier": meta.digest,
        "level_names": trial.names,
        "train": len(trial.train),
        "validation": len(trial.validation),
        "test": len(trial.test),
        "accepted": share(meta.knows(views.features_of(trial.test, meta.columns))),
        "negative_controls": negative_controls(trial, meta),
        "confusion": trial.confusion(probabilities),
    }


def _read(trial: Trial, view: View) -> tuple[Array, Array]:
    """Readings and probabilities of the test models by the same learner on other columns."""
    reader = trial.fit(view)
    if not isinstance(reader, StrengthReader):
        raise InputError("subgroups have no order", where=trial.spec.name)
    return reader.read_off(view(trial.test))


def _difference(ours: Array, reference: Array, levels: np.ndarray) -> Estimate:
    """Exact levels by our probabilities ``[n, levels]`` less those by the reference's, paired by model."""
    hits = [probabilities.argmax(axis=1) == levels for probabilities in (ours, reference)]
    pairs = Pairs.count(hits[0], hits[1])
    limits = newcombe_paired(pairs, confidence=0.95)
    return Estimate.within(limits, value=pairs.difference, n=len(levels), method="newcombe, paired", confidence=0.95)


def _against(
    ours: tuple[Array, Array], reference: tuple[Array, Array], *, axis: Array, levels: np.ndarray
) -> Comparison:
    errors = [readings - axis for readings, _ in (ours, reference)]
    return Comparison(
        levels=_difference(ours[1], reference[1], levels),
        rmse=bootstrap(lambda rows: rmse(errors[1][rows]) - rmse(errors[0][rows]), len(levels)),
    )
