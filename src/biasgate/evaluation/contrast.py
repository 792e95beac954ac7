"""The difference between two subgroups, by the method that their clusters allow, all pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.evaluation.pairs import Limits, Numbers, Pairs
from biasgate.statistics import paired
from biasgate.statistics.clustered import deciding_size
from biasgate.statistics.intervals import score_test, square_and_add

Kind = Literal["paired", "clustered", "independent"]
METHODS: dict[Kind, tuple[str, str]] = {
    "independent": ("newcombe", "square-and-add, clopper-pearson"),
    "paired": ("newcombe, paired", "square-and-add, clopper-pearson"),
    "clustered": ("square-and-add, clustered", "square-and-add, korn-graubard"),
}
"""What reports a difference, and what decides."""
PairedLimits = Callable[..., tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Contrasts:
    """How the differences of pairs of rates are reported, decided and tested.

    Paired for twins (the same clusters, one trial each), independent for disjoint clusters of one trial each, else
    clustered: square-and-add over each rate's own limits; to decide, shared clusters may widen but never narrow.

    Attributes:
        pairs: The subgroups.
        confidence: Of what is reported.
    """

    pairs: Pairs
    confidence: float

    def kind(self, place: int) -> Kind:
        """Of one pair."""
        if self.paired[place]:
            return "paired"
        clustered = any(one.clustered for one in self.pairs.pair(place))
        return "clustered" if clustered or self.pairs.common[place] else "independent"

    @cached_property
    def paired(self) -> NDArray[np.bool_]:
        """True where both subgroups hold the same clusters, one trial each, ``[pairs]``."""
        known, pairs = self.pairs.known, self.pairs
        sizes = np.array([one.size for one in known])
        plain = np.array([not one.clustered for one in known], dtype=bool)
        same = (pairs.common == sizes[pairs.higher]) & (pairs.common == sizes[pairs.lower])
        return same & plain[pairs.higher] & plain[pairs.lower]

    @property
    def reported(self) -> Limits:
        """Limits of the differences, which are not negative."""
        first, second = self.pairs.reported(self.confidence)
        limits = square_and_add(first, second, correlation=self.pairs.correlation)
        return self._of_twins(limits, paired.newcombe_paired, self.confidence)

    def decide(self, level: float) -> Limits:
        """Bounds of the absolute differences, at a two-sided confidence."""
        first, second = self.pairs.deciding(level)
        limits = square_and_add(first, second, correlation=np.minimum(0.0, self.pairs.correlation))
        low, high = self._of_twins(limits, paired.exact_paired, level)
        return np.maximum(0.0, low), np.maximum(high, -low)

    @property
    def p_values(self) -> Numbers:
        """Tests of no difference."""
        pairs = self.pairs
        sizes = np.array([deciding_size(one.sums, confidence=self.confidence) for one in pairs.known])
        trials = (sizes[pairs.higher], sizes[pairs.lower])
        successes = (pairs.rates[pairs.higher] * trials[0], pairs.rates[pairs.lower] * trials[1])
        found = score_test(successes, trials, correlation=np.minimum(0.0, pairs.correlation))
        for place, table in self._tables.items():
            found[place] = paired.mcnemar(table)
        return found

    @cached_property
    def _tables(self) -> dict[int, paired.Pairs]:
        """The outcomes of twins."""
        return {place: self._table(place) for place in np.flatnonzero(self.paired).tolist()}

    def _table(self, place: int) -> paired.Pairs:
        first, second = self.pairs.pair(place)
        both = int(self.pairs.shared.both[self.pairs.higher[place], self.pairs.lower[place]])
        return paired.Pairs(
            both=both,
            first=first.successes - both,
            second=second.successes - both,
            neither=first.trials - first.successes - second.successes + both,
        )

    def _of_twins(self, limits: Limits, method: PairedLimits, level: float) -> Limits:
        """The limits, with those of twins by their own method."""
        low, high = limits
        for place, table in self._tables.items():
            low[place], high[place] = method(table, confidence=level)
        return low, high
