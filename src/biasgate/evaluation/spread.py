"""Spreads: the extremes of one metric over subgroups, with draws of every rate."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (scipy's sparse arrays have no types)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from biasgate.evaluation.outcomes import Outcomes
from biasgate.statistics.bootstrap import draw_clustered
from biasgate.statistics.shrinkage import shrink

DRAWS = 2000
CHUNK = 500
"""Pairs of subgroups whose draws are looked at together."""


@dataclass(frozen=True, eq=False)
class Spread:
    """The extremes of one metric over subgroups.

    Attributes:
        shrunk: Their expected difference; see ``statistics.shrinkage``.
        rates: ``[groups]``.
        smooth: The rates that the draws are of ``[groups]``.
        drawn: Draws of every rate ``[draws, groups]``.
    """

    shrunk: float
    rates: NDArray[np.float64]
    smooth: NDArray[np.float64]
    drawn: NDArray[np.float64]

    @classmethod
    def of(cls, family: Sequence[Outcomes]) -> Spread:
        """Of subgroups that have trials."""
        rates = np.array([one.rate for one in family])
        sizes = np.array([one.sums.effective_size for one in family])
        return cls(shrink(rates, sizes).spread, rates, *_draws(family))

    @property
    def largest(self) -> float:
        """The largest rate."""
        return float(self.rates.max())

    @property
    def difference(self) -> float:
        """Largest − smallest rate."""
        return float(self.rates.max() - self.rates.min())

    @property
    def ratio(self) -> float:
        """Smallest / largest rate."""
        return float(self.rates.min() / self.rates.max())

    def limits(self, confidence: float, joint: float) -> tuple[float, float]:
        """Limits of the extremes' difference, free of the luck of being picked.

        That some pair differs by less than the widest did is told by the largest deviation over all pairs; how far the
        widest true difference may reach, by each pair's own.
        """
        rates, errors = self.rates, self.drawn - self.smooth
        near = float(np.quantile(errors.max(axis=1) - errors.min(axis=1), joint))
        least = max(0.0, float(rates.max() - rates.min()) - near)
        most = _reach(rates, errors, tail=(1 - confidence) / 2)
        return least, min(1.0, most)


def _reach(rates: NDArray[np.float64], errors: NDArray[np.float64], *, tail: float) -> float:
    """The largest upper limit over all pairs of the difference of two rates, whichever is higher.

    A quantile of e₁ − e₂ is at most the sum of those of e₁ and −e₂ at half the tail, so that pairs are looked at in the
    order of that sum until no other can reach further.
    """
    least = np.quantile(errors, tail / 2, axis=0, method="lower")
    most = np.quantile(errors, 1 - tail / 2, axis=0, method="higher")
    first, second = np.nonzero(~np.eye(len(rates), dtype=bool))
    at_most = rates[first] - rates[second] + most[second] - least[first]
    furthest, order = -np.inf, np.argsort(-at_most, kind="stable")
    for start in range(0, len(order), CHUNK):
        places = order[start : start + CHUNK]
        if at_most[places[0]] < furthest - 1e-12:
            break
        one, other = first[places], second[places]
        low = np.quantile(errors[:, one] - errors[:, other], tail, axis=0)
        furthest = max(furthest, float((rates[one] - rates[other] - low).max()))
    return furthest


def _draws(family: Sequence[Outcomes]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Smoothed rates ``[groups]`` and draws of them ``[draws, groups]``.

    Half a success and half a failure are added to each group: without them a rate of 0 or 1 would never move.
    """
    rng = np.random.default_rng(0)
    successes = np.array([one.sums.total for one in family], dtype=float)
    trials = np.array([one.trials for one in family], dtype=float)
    smooth = (successes + 0.5) / (trials + 1)
    vectors = _by_cluster(family)
    if vectors is None:
        drawn = rng.binomial(trials.astype(np.int64), smooth, size=(DRAWS, len(family)))
        return smooth, (drawn + 0.5) / (trials + 1)
    counts = draw_clustered(vectors, draws=DRAWS, rng=rng)
    failures, successes = counts[:, 0::2], counts[:, 1::2]
    return smooth, (successes + 0.5) / (failures + successes + 1)


def _by_cluster(family: Sequence[Outcomes]) -> Any:
    """Failures and successes of each cluster in each group, a sparse array ``[clusters, 2 groups]``.

    Nothing where each cluster has one row, and no row a weight.
    """
    from scipy.sparse import csr_array

    counts = [one.by_cluster for one in family if one.by_cluster is not None]
    if not counts:
        return None
    sizes, successes = (np.concatenate([getattr(one, what) for one in counts]) for what in ("sizes", "totals"))
    _, clusters = np.unique(np.concatenate([one.clusters for one in counts]), return_inverse=True)
    total = int(clusters.max()) + 1
    weighted = counts[0].heaviest is not None
    if total == sizes.sum() and not weighted:
        return None
    groups = np.repeat(np.arange(len(counts)), [len(one.sizes) for one in counts])
    columns = np.concatenate([2 * groups, 2 * groups + 1])
    values = np.concatenate([sizes - successes, successes]).astype(float if weighted else np.int64)
    return csr_array((values, (np.tile(clusters, 2), columns)), shape=(total, 2 * len(counts)))
