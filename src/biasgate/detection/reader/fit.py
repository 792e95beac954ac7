"""Fitting a meta-classifier on a zoo's feature table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from biasgate.detection.features.class_template import TEMPLATE
from biasgate.detection.features.invariant import INVARIANT_GROUPS
from biasgate.detection.features.signed_colour import SIGNED_GROUPS
from biasgate.detection.features.table import INITIAL, comparable, feature_names
from biasgate.detection.reader.exposure import OutlierExposure, fit_outlier_exposure
from biasgate.detection.reader.learned import learned
from biasgate.detection.reader.level_readers import (
    StrengthReader,
    SubgroupReader,
    fit_strength_reader,
    fit_subgroup_reader,
)
from biasgate.detection.reader.measured_bias import fit_bias_reader
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.ood import FALSE_ALARM, fit_out_of_distribution
from biasgate.detection.reader.views import (
    View,
    axis_of,
    features_of,
    levels_of,
    measured_bias_of,
    on_axis,
    split_of,
)
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.documents import digest
from biasgate.errors import InputError

FAR_OFF, STRANGE = 0.01, 0.02
"""Shares of validation too far from the zoo, and too much like outliers; the distance alone has ``FALSE_ALARM``."""

if TYPE_CHECKING:
    import pandas as pd


def fit_meta_classifier(table: pd.DataFrame, *, spec: ZooSpec, repaired: pd.DataFrame | None = None) -> MetaClassifier:
    """Fits on the train split of a feature table and calibrates on validation; test rows are not looked at.

    Models that did not learn their task (``learned``) are left out.

    Args:
        table: Rows from ``feature_table``.
        spec: The zoo's spec.
        repaired: Repaired models, rows as in ``table``, so that such a model is not out of distribution and its
            measured bias is read; their planted level means nothing any more, so levels are not learned from them.

    Raises:
        InputError: A split is absent, a level has no validation model, or the zoo's architectures differ in depth, so
            that they have different features.
    """
    import pandas as pd

    table = learned(table)
    whole = comparable(table if repaired is None else pd.concat([table, learned(repaired)], ignore_index=True))
    planted, names = whole.iloc[: len(table)], feature_names(whole, groups_read(spec))
    everything = split_of(whole, "train"), split_of(whole, "validation")
    _check(*everything, names, spec)
    train, validation = split_of(planted, "train"), split_of(planted, "validation")
    x_train, x_validation = (features_of(part, names) for part in everything)
    bias_train, bias_validation = (measured_bias_of(part) for part in everything)
    ordered = spec.planting != "group"
    exposure = _exposure(train, everything[1], names)
    return MetaClassifier(
        zoo=digest(spec),
        trained_on=len(train),
        calibrated_on=len(validation),
        features=tuple(names),
        roles=len(set(whole["layout"])) > 1,
        layouts=tuple(sorted(set(train["layout"]))),
        reader=fit_level_reader(train, validation, lambda part: features_of(part, names), spec=spec),
        bias=fit_bias_reader(train=(x_train, bias_train), validation=(x_validation, bias_validation))
        if ordered
        else None,
        ood=fit_out_of_distribution(x_train, x_validation, false_alarm=FAR_OFF if exposure else FALSE_ALARM),
        exposure=exposure,
    )


def _exposure(train: pd.DataFrame, validation: pd.DataFrame, names: list[str]) -> OutlierExposure | None:
    """None of models whose features before training are not in the table."""
    untrained = train.reindex(columns=[INITIAL + name for name in names]).to_numpy(dtype=np.float64)
    if not np.isfinite(untrained).all():
        return None
    shared = feature_names(train, (TEMPLATE,)) if len(set(train["layout"])) == 1 else []
    return fit_outlier_exposure(
        trained=(features_of(train, names), features_of(train, shared)),
        untrained=untrained,
        validation=(features_of(validation, names), features_of(validation, shared)),
        names=tuple(shared),
        classes=len(train["class_counts"].iloc[0]),
        false_alarm=STRANGE,
    )


def groups_read(spec: ZooSpec) -> tuple[str, ...]:
    """The groups of features that the zoo's reader sees: signed colour of subgroups, invariant ones of strengths."""
    return SIGNED_GROUPS if spec.planting == "group" else INVARIANT_GROUPS


def fit_level_reader(
    train: pd.DataFrame, validation: pd.DataFrame, view: View, *, spec: ZooSpec
) -> StrengthReader | SubgroupReader:
    """A reader of some columns: of strengths, or, of a zoo planted by ``group``, of subgroups.

    Args:
        train: Models to learn from.
        validation: Models to calibrate on.
        view: What the reader sees of a feature table, ``[n, columns]``.
        spec: The zoo's spec.
    """
    names, levels = tuple(level.name for level in spec.levels), levels_of(train, spec)
    known = view(validation), levels_of(validation, spec)
    if spec.planting == "group":
        return fit_subgroup_reader(train=(view(train), levels), validation=known, names=names)
    learned = view(train), axis_of(train, spec), levels
    return fit_strength_reader(train=learned, validation=known, names=names, on_axis=on_axis(train, spec))


def _check(train: pd.DataFrame, validation: pd.DataFrame, names: list[str], spec: ZooSpec) -> None:
    missing = {level.name for level in spec.levels} - set(validation["level"])
    if not len(train) or missing:
        raise InputError(
            f"no train model learned its task, or no validation model at level {', '.join(sorted(missing))} did",
            where=spec.name,
            fix="use all shards of a zoo with more models a split, or train them longer",
        )
    if not np.isfinite(features_of(train, names)).all() or not np.isfinite(features_of(validation, names)).all():
        raise InputError(
            "some models lack some features",
            where=spec.name,
            fix="give one meta-classifier architectures of equal depth",
        )
