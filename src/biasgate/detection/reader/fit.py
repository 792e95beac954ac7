"""Fitting a meta-classifier on a zoo's feature table."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.features.features import GROUPS
from biasgate.detection.features.signed_colour import SIGNED_GROUPS
from biasgate.detection.features.table import comparable, feature_names
from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.detection.reader.group_reader import GroupReader, fit_group_reader
from biasgate.detection.reader.measured import fit_bias_reader
from biasgate.detection.reader.ood import fit_novelty
from biasgate.detection.reader.readings import Reader, fit_reader
from biasgate.detection.reader.ridge import Array
from biasgate.detection.zoo.spec import Split, ZooSpec
from biasgate.detection.zoo.strength import to_axis
from biasgate.documents import digest
from biasgate.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

View = Callable[["pd.DataFrame"], Array]
"""What of a feature table a reader sees: ``[n, columns]``."""


def fit_meta_classifier(table: pd.DataFrame, *, spec: ZooSpec, repaired: pd.DataFrame | None = None) -> MetaClassifier:
    """Fits on the train split of a feature table and calibrates on validation; test rows are not looked at.

    Args:
        table: From ``feature_table``.
        spec: The zoo's.
        repaired: Repaired models, rows as in ``table``, so that such a model is not novel and its measured bias is
            read; their planted level means nothing any more, so levels are not learned from them.

    Raises:
        InputError: A split is absent, a level has no validation model, or the zoo's architectures differ in depth, so
            that they have different features.
    """
    import pandas as pd

    whole = comparable(table if repaired is None else pd.concat([table, repaired], ignore_index=True))
    planted, names = whole.iloc[: len(table)], feature_names(whole, groups_read(spec))
    train, validation = split_of(planted, "train"), split_of(planted, "validation")
    _check(split_of(whole, "train"), split_of(whole, "validation"), names, spec)
    everything = split_of(whole, "train"), split_of(whole, "validation")
    x_train, x_validation = (features_of(part, names) for part in everything)
    return MetaClassifier(
        zoo=digest(spec),
        trained_on=len(train),
        calibrated_on=len(validation),
        features=tuple(names),
        roles=len(set(whole["layout"])) > 1,
        layouts=tuple(sorted(set(train["layout"]))),
        reader=fit_levels(train, validation, lambda part: features_of(part, names), spec=spec),
        bias=None
        if spec.planting == "group"
        else fit_bias_reader(
            train=(x_train, measured_bias_of(everything[0])),
            validation=(x_validation, measured_bias_of(everything[1])),
        ),
        novelty=fit_novelty(x_train, x_validation),
    )


def groups_read(spec: ZooSpec) -> tuple[str, ...]:
    """The groups of features that the zoo's reader sees: invariant to the direction of colour, or of groups signed."""
    return SIGNED_GROUPS if spec.planting == "group" else GROUPS


def fit_levels(train: pd.DataFrame, validation: pd.DataFrame, view: View, *, spec: ZooSpec) -> Reader | GroupReader:
    """A reader of some columns: by strength, or, of a zoo planted by ``group``, of groups.

    Args:
        train: Models to learn from.
        validation: Models to calibrate on.
        view: What of a feature table it sees, ``[n, columns]``.
        spec: The zoo's.
    """
    names, levels = tuple(level.name for level in spec.levels), levels_of(train, spec)
    known = view(validation), levels_of(validation, spec)
    if spec.planting == "group":
        return fit_group_reader(train=(view(train), levels), validation=known, names=names)
    learned = view(train), axis_of(train, spec), levels
    return fit_reader(train=learned, validation=known, names=names, graded=graded(train, spec))


def split_of(table: pd.DataFrame, split: Split) -> pd.DataFrame:
    """The rows of one split."""
    return table.loc[table["split"] == split, :]


def measured_bias_of(table: pd.DataFrame) -> Array:
    """Measured bias ``[n]``."""
    return table["measured_bias"].to_numpy(dtype=np.float64)


def features_of(table: pd.DataFrame, names: list[str] | tuple[str, ...]) -> Array:
    """Columns as ``[n, features]``."""
    return table[list(names)].to_numpy(dtype=np.float64)


def axis_of(table: pd.DataFrame, spec: ZooSpec) -> Array:
    """Planted strengths on the bias axis ``[n]``."""
    return np.array([to_axis(strength, spec.planting) for strength in table["strength"]])


def graded(table: pd.DataFrame, spec: ZooSpec) -> NDArray[np.bool_]:
    """Which models have a place on the bias axis ``[n]``: under ``sigma``, none has not."""
    return table["strength"].to_numpy(dtype=np.float64) < (1 if spec.planting == "sigma" else np.inf)


def levels_of(table: pd.DataFrame, spec: ZooSpec) -> NDArray[np.int64]:
    """Level indices ``[n]``, 0 for none."""
    order = {level.name: index for index, level in enumerate(spec.levels)}
    return np.array([order[name] for name in table["level"]])


def _check(train: pd.DataFrame, validation: pd.DataFrame, names: list[str], spec: ZooSpec) -> None:
    missing = {level.name for level in spec.levels} - set(validation["level"])
    if not len(train) or missing:
        raise InputError(
            f"no train model, or no validation model at level {', '.join(sorted(missing))}",
            where=spec.name,
            fix="use all shards of a zoo with more models a split",
        )
    if not np.isfinite(features_of(train, names)).all() or not np.isfinite(features_of(validation, names)).all():
        raise InputError(
            "some models lack some weight features",
            where=spec.name,
            fix="give one meta-classifier architectures of equal depth",
        )
