"""Shared clusters: what rates of several subgroups have in common, all pairs at once."""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# (scipy's sparse arrays have no types)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.evaluation.outcomes import Outcomes


@dataclass(frozen=True, eq=False)
class Shared:
    """What every two of some subgroups share.

    Attributes:
        clusters: How many clusters ``[subgroups, subgroups]``.
        both: In how many of them both succeeded, counted by rows ``[subgroups, subgroups]``.
        correlation: Of their rates, from the linearised sums per cluster; 0 where no cluster is shared.
    """

    clusters: NDArray[np.int64]
    both: NDArray[np.int64]
    correlation: NDArray[np.float64]

    @classmethod
    def of(cls, subgroups: Sequence[Outcomes]) -> Shared:
        """Of subgroups that have trials."""
        count = len(subgroups)
        if any(one.by_cluster is None for one in subgroups):
            nothing = np.zeros((count, count), dtype=np.int64)
            return cls(nothing, nothing, nothing.astype(float))
        successes, trials = _by_cluster(subgroups, "totals"), _by_cluster(subgroups, "sizes")
        rates = np.array([one.rate for one in subgroups])
        parts = successes.astype(float) - trials.astype(float) * rates[:, None]
        present = trials.copy()
        present.data = np.ones_like(present.data)
        return cls(_products(present), _products(successes), correlations(parts))


def correlations(parts: Any) -> NDArray[np.float64]:
    """Of every two estimates, 0 where one has no variance, ``[estimates, estimates]``.

    Args:
        parts: What each cluster adds to each estimate, a sparse array ``[estimates, clusters]``.
    """
    covariance = _products(parts)
    scale = np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()))
    return np.clip(np.divide(covariance, scale, out=np.zeros_like(covariance), where=scale > 0), -1, 1)


def _by_cluster(subgroups: Sequence[Outcomes], what: Literal["sizes", "totals"]) -> Any:
    """Trials or successes as a sparse array ``[subgroups, clusters]``, of subgroups that have clusters."""
    from scipy.sparse import csr_array

    counts = [one.by_cluster for one in subgroups if one.by_cluster is not None]
    weighted = counts[0].heaviest is not None
    values = np.concatenate([getattr(one, what) for one in counts]).astype(float if weighted else np.int64)
    columns = np.concatenate([one.clusters for one in counts])
    ends = np.cumsum([0, *(len(one.clusters) for one in counts)])
    return csr_array((values, columns, ends), shape=(len(counts), int(columns.max()) + 1))


def _products(rows: Any) -> Any:
    """The product of every two rows, dense."""
    return (rows @ rows.T).toarray()
