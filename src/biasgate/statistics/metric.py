"""What a metric is: the class that each file in ``statistics/metrics`` defines."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

Limits = tuple[float, float]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model said of some rows, beside the truth.

    Attributes:
        truth: Class index a row ``[rows]``; 1 where a label is there.
        predicted: Likewise what the model said.
        positive: Index of the class that counts as positive, if one does.
        probabilities: One row a sample, one column a class ``[rows, classes]``, where they are known.
        weights: How many of the population each row stands for ``[rows]``, where rows are no plain sample.
    """

    truth: NDArray[np.int64]
    predicted: NDArray[np.int64]
    positive: int | None = None
    probabilities: NDArray[np.float64] | None = None
    weights: NDArray[np.float64] | None = None

    def take(self, rows: NDArray[np.int64]) -> Answers:
        """The answers about these rows, by index."""
        probabilities = None if self.probabilities is None else self.probabilities[rows]
        weights = None if self.weights is None else self.weights[rows]
        return Answers(self.truth[rows], self.predicted[rows], self.positive, probabilities, weights)

    @property
    def known_probabilities(self) -> NDArray[np.float64]:
        """The probabilities, of a metric that takes them.

        Raises:
            ValueError: They are not known.
        """
        if self.probabilities is None:
            raise ValueError("the metric takes probabilities")
        return self.probabilities

    @property
    def score(self) -> NDArray[np.float64]:
        """The probability of the positive class, ``[rows]``, of a metric that needs one.

        Raises:
            ValueError: Probabilities are not known.
        """
        return self.known_probabilities[:, self.positive or 0]


class Metric(ABC):
    """A number of a model over some rows. Its docstring begins with the formula.

    Attributes:
        name: As documents write it; no two metrics share one.
        more_is_better: Whether a larger value is better; ``None`` where neither is.
        smallest: Its smallest value, 0 for most.
        largest: Its largest value.
        cluster: What differences of it are counted in, in reports.
        needs_positive: Whether some class must count as positive.
        needs_truth: Whether it holds what a model says against the truth: a truth of one class only tells nothing then.
        needs_probabilities: Whether it takes the model's probabilities.
    """

    name: ClassVar[str]
    more_is_better: ClassVar[bool | None] = None
    smallest: ClassVar[float] = 0.0
    largest: ClassVar[float] = 1.0
    cluster: ClassVar[str] = "points"
    needs_positive: ClassVar[bool] = False
    needs_truth: ClassVar[bool] = True
    needs_probabilities: ClassVar[bool] = False

    @property
    def bounded(self) -> bool:
        """Whether it has a largest value, and a difference of it is told in points."""
        return not math.isinf(self.largest)


class RateMetric(Metric):
    """A metric that is successes over trials, both rows.

    All rates are reported and decided by Clopper–Pearson bounds, or by their form for rows that repeat per cluster
    (see ``statistics.clustered``).

    Attributes:
        usual: Where it lies for a fair model, before anything is measured: power is told near it.
        disparity: Name that fairlearn gives its extremes over subgroups, where that is another than its own.
        paired: Whether its trials are the same rows for every model, so that two models' rates are over pairs.
    """

    needs_positive: ClassVar[bool] = True
    usual: ClassVar[float] = 0.9
    disparity: ClassVar[str | None] = None
    paired: ClassVar[bool] = True

    @abstractmethod
    def trials(self, answers: Answers) -> Mask:
        """The rows that it is a rate of, as a mask ``[rows]``."""

    @abstractmethod
    def successes(self, answers: Answers) -> Mask:
        """The rows that count if they are trials, as a mask ``[rows]``."""


class ScoreMetric(Metric):
    """A metric that is no rate of rows: it brings its own bounds, which are reported and decide.

    Attributes:
        weighted: Whether it has bounds for rows with sampling weights.
    """

    weighted: ClassVar[bool] = False

    @abstractmethod
    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """Its value over these rows, which hold every kind of row that it compares, with its intervals.

        Args:
            answers: About ``[rows]``, by cluster.
            clusters: The cluster of each row ``[rows]``.
        """

    def compared(self, answers: Answers) -> NDArray[np.int64]:
        """The kind of each row ``[rows]``: it compares kinds, and rests on the rarest's clusters. By default one."""
        return np.zeros(len(answers.truth), dtype=np.int64)


@dataclass(frozen=True, eq=False)
class Number:
    """One score with its intervals.

    Attributes:
        value: Point estimate.
        parts: What each row adds to it, to first order (see ``statistics.linear``), ``[rows]``.
        clusters: The cluster of each row, ``[rows]``.
        bounds: From a two-sided confidence to the bounds, which are reported and decide.
        method: Of the bounds.
        tested: True when a difference of two such numbers may be tested by its parts.
    """

    value: float
    parts: NDArray[np.float64]
    clusters: NDArray[np.int64]
    bounds: Callable[[float], Limits]
    method: str
    tested: bool = True


def every(answers: Answers) -> Mask:
    """All rows."""
    return np.ones(len(answers.truth), dtype=bool)
