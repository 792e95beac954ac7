"""Problems: the questions that a model answers about a sample, one for a class, one for each label of several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.statistics.catalogue import asked
from biasgate.statistics.metric import Answers


@dataclass(frozen=True, eq=False)
class Problem:
    """One question with its answers.

    Attributes:
        label: The label that is asked for; ``None`` when the question is which class a sample has.
        answers: Truth and what the model said, a row a sample.
    """

    label: str | None
    answers: Answers


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
        InputError: The positive class is unknown, lacks where a metric needs one, or is named for a multi-label set.
    """
    if dataset.labels.ndim == 1:
        positive = _positive_class(spec, dataset.classes)
        return [Problem(None, Answers(dataset.labels, predictions, positive, probabilities, dataset.weights))]
    if spec.positive is not None:
        raise InputError("a multi-label set has no positive class", where="positive", fix="leave it out")
    return [
        Problem(
            name,
            Answers(dataset.labels[:, at], predictions[:, at], 1, _two_classes(probabilities, at), dataset.weights),
        )
        for at, name in enumerate(dataset.classes)
    ]


def _positive_class(spec: EvaluationSpec, classes: tuple[str, ...]) -> int | None:
    """Index of the class that counts as positive; ``None`` when none is named and no metric needs one."""
    if spec.positive is not None:
        if spec.positive not in classes:
            raise InputError(f"no class {spec.positive!r}", where="positive", fix=f"the classes are {list(classes)}")
        return classes.index(spec.positive)
    if len(classes) == 2:
        return 1
    if any(metric.needs_positive for metric in asked(spec)):
        raise InputError(
            f"rates need a positive class among {len(classes)}", where="positive", fix=f"name one of {list(classes)}"
        )
    return None


def _two_classes(probabilities: NDArray[np.float64] | None, column: int) -> NDArray[np.float64] | None:
    """Of one label ``[rows, 2]``: without, with."""
    if probabilities is None:
        return None
    return np.stack([1 - probabilities[:, column], probabilities[:, column]], axis=1)
