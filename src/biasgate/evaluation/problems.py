"""Problems: the questions that a model answers about a sample, one for a class, one for each label of several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.evaluation.rates import positive_class


@dataclass(frozen=True, eq=False)
class Problem:
    """One question with its answers.

    Attributes:
        label: The label that is asked for; ``None`` when the question is which class a sample has.
        truth: Class index a row ``[rows]``; 1 where a label is there.
        predicted: Likewise what the model said.
        positive: Index of the class that counts as positive, if one does.
        probabilities: One row a sample, one column a class, where they are known.
    """

    label: str | None
    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    positive: int | None
    probabilities: NDArray[np.float64] | None = None


def problems(
    dataset: Dataset,
    spec: EvaluationSpec,
    predictions: NDArray[np.int64],
    probabilities: NDArray[np.float64] | None = None,
) -> list[Problem]:
    """The one question of a set with classes, or one for each label of a multi-label set, in the set's order.

    Args:
        dataset: Labels ``[rows]`` or ``[rows, labels]``.
        spec: Names the positive class.
        predictions: Like the labels.
        probabilities: ``[rows, classes]``, or of each label ``[rows, labels]``.

    Raises:
        InputError: The positive class is unknown, or is named for a multi-label set.
    """
    if dataset.labels.ndim == 1:
        positive = positive_class(spec, dataset.classes)
        return [Problem(None, dataset.labels, predictions, positive, probabilities)]
    if spec.positive is not None:
        raise InputError("a multi-label set has no positive class", where="positive", fix="leave it out")
    return [
        Problem(name, dataset.labels[:, column], predictions[:, column], 1, _two_classes(probabilities, column))
        for column, name in enumerate(dataset.classes)
    ]


def _two_classes(probabilities: NDArray[np.float64] | None, column: int) -> NDArray[np.float64] | None:
    """Of one label ``[rows, 2]``: without, with."""
    if probabilities is None:
        return None
    return np.stack([1 - probabilities[:, column], probabilities[:, column]], axis=1)
