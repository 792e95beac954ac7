"""The swap rate: how often only the attribute decides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.statistics.clustered import Sums, rate_estimate


def swap_rate(dataset: Dataset, spec: EvaluationSpec, predictions: NDArray[np.int64]) -> Estimate | None:
    """Share of clusters whose prediction changes when only the attributes do, with its bounds over clusters.

    A cluster counts when some of its rows, of which all values are known, share their label and differ in the spec's
    attributes; it is swapped when such rows get different predictions. Of a multi-label set, label and prediction are
    those of all labels together.

    Returns:
        Nothing when fewer than ``spec.minimum`` clusters count.
    """
    columns = [dataset.attribute(name) for name in spec.attributes]
    known = np.all([column != UNKNOWN for column in columns], axis=0)
    if not known.all():
        return swap_rate(dataset.take(known), spec, predictions[known])
    attributes, clusters = _crossed(columns), _codes(dataset.clusters)
    groups = _crossed([clusters, _codes(dataset.labels)])
    twins = _distinct(groups, attributes) > 1
    swapped = twins & (_distinct(groups, _codes(predictions)) > 1)
    of = np.zeros(len(twins), dtype=np.int64)
    of[groups] = clusters
    counted = len(np.unique(of[twins]))
    if counted < spec.minimum:
        return None
    return rate_estimate(Sums(rows=counted, total=len(np.unique(of[swapped]))), confidence=spec.confidence)


def _distinct(groups: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many different values each group holds, ``[groups]``."""
    width = int(values.max()) + 1
    return np.bincount(pd.unique(groups * width + values) // width)


def _codes(labels: NDArray[np.generic]) -> NDArray[np.int64]:
    """One number for each different row ``[rows]``."""
    if labels.ndim == 1:
        return pd.factorize(labels)[0].astype(np.int64)
    return np.unique(labels, axis=0, return_inverse=True)[1].ravel()


def _crossed(columns: Sequence[NDArray[np.generic]]) -> NDArray[np.int64]:
    """One number for each different combination of values ``[rows]``."""
    found = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        codes = _codes(column)
        found = _codes(found * (int(codes.max()) + 1) + codes)
    return found
