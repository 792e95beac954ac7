"""How likely a rule would pass with more clusters, were the rates as measured: by the bounds that decide."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil

from biasgate.contracts.evaluation import Cell, Score
from biasgate.statistics.power import Inside, chance_for_pair, chance_for_rate


@dataclass(frozen=True)
class Growth:
    """So many times the clusters, of which all else stays as it is.

    Attributes:
        times: How many times.
        confidence: Two-sided, of the bounds.
    """

    times: float
    confidence: float

    def clusters(self, cell: Cell) -> int:
        """Clusters of a subgroup then."""
        return ceil(self.times * cell.clusters)


def chance_of_rates(
    cells: Iterable[Cell | Score], limit: float, growth: Growth, *, at_most: bool = False
) -> float | None:
    """At least the chance that every rate reaches a limit, or stays below it; None where a bound is no plain rate's."""
    missed = 0.0
    for cell in cells:
        if (rate := _rate(cell)) is None or not isinstance(cell, Cell):
            return None
        sides = (1 - rate, 1 - limit) if at_most else (rate, limit)
        missed += 1 - chance_for_rate(*sides, growth.clusters(cell), confidence=growth.confidence)
    return 1 - missed


def chance_of_pairs(pairs: Iterable[tuple[Cell | Score, Cell | Score]], inside: Inside, growth: Growth) -> float | None:
    """At least the chance that each pair of subgroups is shown to be alike; None where a bound is no plain rate's."""
    missed = 0.0
    for first, second in pairs:
        rates = _rate(first), _rate(second)
        if not (isinstance(first, Cell) and isinstance(second, Cell)) or rates[0] is None or rates[1] is None:
            return None
        sizes = growth.clusters(first), growth.clusters(second)
        missed += 1 - chance_for_pair((rates[0], rates[1]), sizes, inside, confidence=growth.confidence)
        if missed >= 1:
            return 0.0
    return 1 - missed


def _rate(cell: Cell | Score) -> float | None:
    """A rate of independent clusters, as measured; None for any other number."""
    plain = cell.estimate is not None and cell.estimate.deciding_method == "clopper-pearson"
    return cell.estimate.value if cell.estimate and plain else None
