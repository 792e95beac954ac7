"""The swap rate: how often only the attribute decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import UNKNOWN, Dataset
from biasgate.statistics.intervals import wilson


def swap_rate(dataset: Dataset, spec: EvaluationSpec, predictions: NDArray[np.int64]) -> Estimate | None:
    """Share of clusters whose prediction changes when only the attributes do, with Wilson's interval over clusters.

    A cluster counts when some of its rows, of which all values are known, share their label and differ in the spec's
    attributes; it is swapped when such rows get different predictions. Of a multi-label set, label and prediction are
    those of all labels together.

    Returns:
        Nothing when fewer than ``spec.minimum`` clusters count.
    """
    columns = np.stack([dataset.attribute(name) for name in spec.attributes])
    known = (columns != UNKNOWN).all(axis=0)
    if not known.all():
        return swap_rate(dataset.take(known), spec, predictions[known])
    labels, predictions = _codes(dataset.labels), _codes(predictions)
    _, attributes = np.unique(columns, axis=1, return_inverse=True)
    (clusters, _), groups = np.unique(np.stack([dataset.clusters, labels]), axis=1, return_inverse=True)
    twins = _distinct(groups, attributes) > 1
    swapped = twins & (_distinct(groups, predictions) > 1)
    counted = len(np.unique(clusters[twins]))
    if counted < spec.minimum:
        return None
    return wilson(len(np.unique(clusters[swapped])), counted, confidence=spec.confidence)


def _distinct(groups: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many different values each group holds, ``[groups]``."""
    return np.bincount(np.unique(np.stack([groups, values]), axis=1)[0])


def _codes(labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """One number for each different row ``[rows]``."""
    return np.unique(labels, axis=0, return_inverse=True)[1].ravel()
