"""The challenger test: may a new meta-classifier take the champion's place?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from biasgate.contracts.held_out import ChallengerTest
from biasgate.detection.reader.level_readers import SubgroupReader
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.reader.ridge import Array
from biasgate.detection.reader.views import features_of, levels_of, split_of
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import InputError
from biasgate.statistics.mean import mean_t

if TYPE_CHECKING:
    import pandas as pd

MARGIN = 0.1


def challenger_test(
    challenger: MetaClassifier,
    champion: MetaClassifier,
    table: pd.DataFrame,
    *,
    spec: ZooSpec,
    margin: float = MARGIN,
) -> ChallengerTest:
    """Decides non-inferiority by the bound of a paired t interval, never by a test that fails to reject.

    Args:
        challenger: The new one, fitted perhaps on the same zoo's train and validation splits.
        champion: The one in place, fitted on an earlier zoo, whose seeds, palettes and recipes differ.
        table: Feature table whose test split decides.
        spec: The zoo's spec.
        margin: How much worse still counts as not worse, in levels.

    Raises:
        InputError: The two name other levels, the table lacks a feature, or there are fewer than two test models.
    """
    test = split_of(table, "test")
    names = tuple(level.name for level in spec.levels)
    if {challenger.reader.names, champion.reader.names} != {names}:
        raise InputError("challenger, champion and zoo name other levels", where=spec.name, fix="keep the levels")
    if len(test) < 2:
        raise InputError("fewer than two test models", where=spec.name, fix="plan a zoo with more test models")
    levels = levels_of(test, spec)
    estimate = mean_t(_level_error(challenger, test, levels) - _level_error(champion, test, levels))
    return ChallengerTest(
        challenger=challenger.digest,
        champion=champion.digest,
        excess_error=estimate,
        margin=margin,
        non_inferior=estimate.high < margin,
    )


def _level_error(meta: MetaClassifier, test: pd.DataFrame, levels: np.ndarray) -> Array:
    if missing := set(meta.features) - set(test.columns):
        raise InputError(f"the feature table lacks {', '.join(sorted(missing)[:5])}", fix="read the features again")
    probabilities = meta.reader.probabilities(features_of(test, meta.features))
    distances = np.abs(np.arange(probabilities.shape[1]) - levels[:, None])
    if isinstance(meta.reader, SubgroupReader):
        distances = np.minimum(distances, 1)
    return (probabilities * distances).sum(axis=1)
