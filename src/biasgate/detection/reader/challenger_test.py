"""May a new meta-classifier take the incumbent's place?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from biasgate.contracts.estimate import Estimate
from biasgate.detection.reader.classifier import MetaClassifier
from biasgate.detection.reader.fit import features_of, levels_of, split_of
from biasgate.detection.reader.group_reader import GroupReader
from biasgate.detection.reader.ridge import Array
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.statistics.mean import mean_t

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.1


class Succession(Document):
    """The challenger against the incumbent on test models that neither has met.

    Attributes:
        challenger: Digest.
        incumbent: Digest.
        excess_error: Challenger's minus incumbent's expected level error Σ p(level) · |level − truth|, in levels (of
            groups: Σ p(any other)), paired by model; below zero the challenger is better.
        margin: How much worse still counts as not worse.
        non_inferior: Whether the whole interval lies below the margin.
    """

    schema_: Literal["biasgate/succession/v1"] = Field(default="biasgate/succession/v1", alias="schema")
    challenger: str
    incumbent: str
    excess_error: Estimate
    margin: float
    non_inferior: bool


def compare_with_incumbent(
    challenger: MetaClassifier,
    incumbent: MetaClassifier,
    table: pd.DataFrame,
    *,
    spec: ZooSpec,
    margin: float = MARGIN,
) -> Succession:
    """Decides non-inferiority by the bound of a paired t interval, never by a test that fails to reject.

    Args:
        challenger: May have been fitted on the same zoo's train and validation splits.
        incumbent: Fitted on an earlier zoo, so its seeds, palettes and recipes differ.
        table: Feature table whose test split decides.
        spec: The zoo's.
        margin: In levels.

    Raises:
        InputError: The two name other levels, the table lacks a feature, or there are fewer than two test models.
    """
    test = split_of(table, "test")
    names = tuple(level.name for level in spec.levels)
    if {challenger.reader.names, incumbent.reader.names} != {names}:
        raise InputError("challenger, incumbent and zoo name other levels", where=spec.name, fix="keep the levels")
    if len(test) < 2:
        raise InputError("fewer than two test models", where=spec.name, fix="plan a zoo with more test models")
    levels = levels_of(test, spec)
    excess = _level_error(challenger, test, levels) - _level_error(incumbent, test, levels)
    estimate = mean_t(excess)
    return Succession(
        challenger=challenger.digest,
        incumbent=incumbent.digest,
        excess_error=estimate,
        margin=margin,
        non_inferior=estimate.high < margin,
    )


def _level_error(classifier: MetaClassifier, test: pd.DataFrame, levels: np.ndarray) -> Array:
    if missing := set(classifier.features) - set(test.columns):
        raise InputError(f"the feature table lacks {', '.join(sorted(missing)[:5])}", fix="read the features again")
    probabilities = classifier.reader.probabilities(features_of(test, classifier.features))
    distances = np.abs(np.arange(probabilities.shape[1]) - levels[:, None])
    if isinstance(classifier.reader, GroupReader):
        distances = np.minimum(distances, 1)
    return (probabilities * distances).sum(axis=1)
