"""Problems: the questions that a model answers about a sample, one for a class, one for each label of several."""

from __future__ import annotations

from collections.abc import Iterator
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
        metrics: Names of the rates and scores that are measured of it.
    """

    label: str | None
    answers: Answers
    metrics: frozenset[str]


def takes_probabilities(spec: EvaluationSpec) -> bool:
    """Whether some question is about the model's probabilities."""
    return bool(spec.at) or any(metric.needs_probabilities for metric in asked(spec))


def problems(
    dataset: Dataset,
    spec: EvaluationSpec,
    predictions: NDArray[np.int64],
    probabilities: NDArray[np.float64] | None = None,
) -> list[Problem]:
    """The questions that a spec asks: which class a sample has, and whether it has each label, or is of each class.

    Args:
        dataset: Labels ``[rows]`` or ``[rows, labels]``.
        spec: Names the positive class, or asks for each, and at which operating points.
        predictions: Like the labels.
        probabilities: ``[rows, classes]``, or of each label ``[rows, labels]``.

    Raises:
        InputError: The positive class is unknown, lacks where a metric needs one, or is named where each class or label
            is positive in its turn.
    """
    every = frozenset(metric.name for metric in asked(spec))
    several = dataset.labels.ndim == 2
    if spec.positive is not None and (several or spec.each_class):
        what = "a multi-label set has" if several else "each class is positive in its turn, so that there is"
        raise InputError(f"{what} no positive class", where="positive", fix="leave it out")
    if several:
        truth, said = dataset.labels, predictions
        sides = [
            (name, Answers(truth[:, column], said[:, column], 1, _two_classes(probabilities, column), dataset.weights))
            for column, name in enumerate(dataset.classes)
        ]
        return [Problem(label, one, every) for side in sides for label, one in _points(*side, spec)]
    positive = _positive_class(spec, dataset.classes)
    base = Answers(dataset.labels, predictions, positive, probabilities, dataset.weights)
    if spec.each_class:
        labelled = frozenset(metric.name for metric in asked(spec) if metric.needs_positive)
        sides = [(name, _against_others(base, code)) for code, name in enumerate(dataset.classes)]
    else:
        labelled, sides = frozenset(spec.metrics) if spec.at else frozenset[str](), [(None, base)]
    found = [Problem(label, one, labelled) for side in sides for label, one in _points(*side, spec)] if labelled else []
    return [Problem(None, base, every - labelled), *found]


def _points(label: str | None, answers: Answers, spec: EvaluationSpec) -> Iterator[tuple[str | None, Answers]]:
    """A question at each operating point; itself where there is none."""
    if not spec.at:
        yield label, answers
        return
    scores, truth = answers.score, (answers.truth == answers.positive).astype(np.int64)
    for point in spec.at:
        above = scores > _median(answers) if point == "median" else scores >= point
        name = "scores above the median" if point == "median" else f"scores from {point:g}"
        sure = np.stack([1 - scores, scores], axis=1)
        yield f"{label}, {name}" if label else name, Answers(truth, above.astype(np.int64), 1, sure, answers.weights)


def _median(answers: Answers) -> float:
    """The score that half of the population reach at most, each row by its sampling weight."""
    return float(np.quantile(answers.score, 0.5, weights=answers.weights, method="inverted_cdf"))


def _against_others(answers: Answers, code: int) -> Answers:
    """Whether a sample is of one class."""
    truth, said = ((column == code).astype(np.int64) for column in (answers.truth, answers.predicted))
    return Answers(truth, said, 1, _two_classes(answers.probabilities, code), answers.weights)


def _positive_class(spec: EvaluationSpec, classes: tuple[str, ...]) -> int | None:
    """Index of the class that counts as positive; ``None`` when none is named and no metric needs one."""
    if spec.positive is not None:
        if spec.positive not in classes:
            raise InputError(f"no class {spec.positive!r}", where="positive", fix=f"the classes are {list(classes)}")
        return classes.index(spec.positive)
    if len(classes) == 2:
        return 1
    if not spec.each_class and (spec.at or any(metric.needs_positive for metric in asked(spec))):
        raise InputError(
            f"rates need a positive class among {len(classes)}",
            where="positive",
            fix=f"name one of {list(classes)}, or measure each_class",
        )
    return None


def _two_classes(probabilities: NDArray[np.float64] | None, column: int) -> NDArray[np.float64] | None:
    """Of one label ``[rows, 2]``: without, with."""
    if probabilities is None:
        return None
    return np.stack([1 - probabilities[:, column], probabilities[:, column]], axis=1)
