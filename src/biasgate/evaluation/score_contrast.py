"""The difference of two scores: square-and-add of both intervals with the correlation of what their rows add."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from biasgate.evaluation.pairs import Limits, Numbers, Places
from biasgate.evaluation.scored import Scored
from biasgate.statistics.intervals import square_and_add
from biasgate.statistics.linear import no_difference, student


@dataclass(frozen=True, eq=False)
class ScoreContrasts:
    """The differences first − second of pairs of scores, all at once.

    Attributes:
        known: Scores that have a number.
        first: Place of the one, ``[pairs]``.
        second: Place of the other ``[pairs]``.
        correlation: Of their numbers ``[pairs]``; to decide, shared clusters may widen but never narrow.
        confidence: Of what is reported.
    """

    known: Sequence[Scored]
    first: Places
    second: Places
    correlation: Numbers
    confidence: float

    @cached_property
    def differences(self) -> Numbers:
        """First − second ``[pairs]``."""
        values = np.array([one.found.value for one in self.known])
        return values[self.first] - values[self.second]

    @cached_property
    def reported(self) -> Limits:
        """Limits of the differences."""
        return self._limits(self.confidence, self.correlation)

    def decide(self, level: float) -> Limits:
        """Bounds of the signed differences, at a two-sided confidence."""
        return self._limits(level, np.minimum(0.0, self.correlation))

    @property
    def p_values(self) -> Numbers | None:
        """Tests of no difference, whose standard error is the reported interval's reach towards 0: they always agree.

        The linearised error would be too small where a score is near its best, and 0 where a few rows are all right.
        None where the numbers' own bias would be tested.
        """
        if not all(one.found.tested for one in self.known):
            return None
        clusters = np.array([len(np.unique(one.found.clusters)) for one in self.known])
        fewest = np.minimum(clusters[self.first], clusters[self.second])
        low, high = self.reported
        reach = np.where(self.differences > 0, self.differences - low, high - self.differences)
        return no_difference(self.differences, reach / student(self.confidence, fewest), fewest)

    def _limits(self, level: float, correlation: Numbers) -> Limits:
        points = np.array([(one.found.value, *one.bounds(level)) for one in self.known])
        first, second = points[self.first].T, points[self.second].T
        return square_and_add(
            (first[0], first[1], first[2]),
            (second[0], second[1], second[2]),
            correlation=correlation,
            widest=np.inf,
        )
