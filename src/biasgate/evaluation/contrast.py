"""The difference between two subgroups, by the method that their clusters allow, all pairs at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.evaluation.pairs import Limits, Numbers, Pairs, absolute
from biasgate.statistics import paired
from biasgate.statistics.intervals import quantile, score_test
from biasgate.statistics.two_rates import difference_limits

Kind = Literal["paired", "shared", "clustered", "independent"]
METHODS: dict[Kind, tuple[str, str]] = {
    "independent": ("worst share, clopper-pearson", "worst share, clopper-pearson"),
    "paired": ("newcombe, paired", "square-and-add, clopper-pearson"),
    "shared": ("worst share, clopper-pearson", "worst share, clopper-pearson"),
    "clustered": ("worst share, gaffke", "worst share, gaffke"),
}
"""What reports a difference, and what decides."""
PairedLimits = Callable[..., tuple[float, float]]


@dataclass(frozen=True, eq=False)
class Contrasts:
    """How the differences of pairs of rates are reported, decided and tested.

    Paired for twins (the same clusters, one trial each), else from each rate's own bounds; shared clusters may narrow
    what is reported, and to decide they may widen but never narrow.

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
        if not self.plain[place]:
            return "clustered"
        return "shared" if self.pairs.common[place] else "independent"

    @cached_property
    def paired(self) -> NDArray[np.bool_]:
        """True where both subgroups hold the same clusters, one trial each, ``[pairs]``."""
        pairs = self.pairs
        sizes = np.array([one.size for one in pairs.known])
        return self.plain & (pairs.common == sizes[pairs.higher]) & (pairs.common == sizes[pairs.lower])

    @cached_property
    def plain(self) -> NDArray[np.bool_]:
        """True where each cluster has one trial in either subgroup, and no row a weight, ``[pairs]``."""
        plain = np.array([one.sums.plain for one in self.pairs.known], dtype=bool)
        return plain[self.pairs.higher] & plain[self.pairs.lower]

    @cached_property
    def reported(self) -> Limits:
        """Limits of the differences, which are not negative."""
        limits = difference_limits(*self.pairs.points(self.confidence), correlation=self.pairs.correlation)
        return self._of_twins(limits, paired.newcombe_paired, self.confidence)

    def decide(self, level: float) -> Limits:
        """Bounds of the absolute differences, at a two-sided confidence."""
        limits = difference_limits(*self.pairs.points(level), correlation=np.minimum(0.0, self.pairs.correlation))
        return absolute(self._of_twins(limits, paired.exact_paired, level))

    @property
    def p_values(self) -> Numbers:
        """Tests of no difference: of twins McNemar's, of independent rates the score test."""
        pairs = self.pairs
        trials = np.array([one.trials for one in pairs.known], dtype=float)
        counts = [(pairs.rates[at] * trials[at], trials[at]) for at in (pairs.higher, pairs.lower)]
        found = score_test((counts[0][0], counts[1][0]), (counts[0][1], counts[1][1]))
        dependent = ~self.paired & ((pairs.common > 0) | ~self.plain)
        found[dependent] = self._by_reach()[dependent]
        for place, table in self._tables.items():
            found[place] = paired.mcnemar(table)
        return found

    def _by_reach(self) -> Numbers:
        """Normal tests whose standard error is the reported interval's reach towards 0, so that they always agree."""
        from scipy.special import ndtr

        differences = self.pairs.rates[self.pairs.higher] - self.pairs.rates[self.pairs.lower]
        reach = np.maximum(differences - self.reported[0], 1e-300)
        return 2 * ndtr(-differences / reach * quantile(self.confidence))

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
