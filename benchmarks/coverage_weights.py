"""Rates of rows with sampling weights, alone and in clusters: how often the bounds err."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from coverage_clusters import ours

from biasgate.statistics.bounded_mean import typical_size

KINDS = ("spread", "two strata", "heavy where it succeeds", "heavy where it fails")


def drawn(
    rng: np.random.Generator, kind: str, shape: tuple[int, int], rate: float
) -> tuple[np.ndarray, np.ndarray, float]:
    """Successes and weights, and the true rate of the population."""
    success = rng.random(shape) < rate
    if kind == "spread":
        return success, np.exp(rng.normal(0, 1, shape)), rate
    if kind == "two strata":
        return success, np.where(rng.random(shape) < 0.2, 10.0, 1.0), rate
    side = success if kind == "heavy where it succeeds" else ~success
    heavy, light = (rate, 1 - rate) if kind == "heavy where it succeeds" else (1 - rate, rate)
    share = heavy * np.e / (heavy * np.e + light)
    truth = share if kind == "heavy where it succeeds" else 1 - share
    return success, np.exp(rng.normal(0, 0.5, shape) + side), truth


def weighted(*, quick: bool = False) -> Iterator[tuple[str, float, float]]:
    """(place, how often the lower bound lies above the truth, how often the upper lies below)."""
    rng = np.random.default_rng(3)
    for kind in KINDS:
        for rows in (50, 200) if quick else (50, 200, 1000):
            for rate in (0.05, 0.5, 0.9):
                draws = 400 if quick else 2000 if rows < 1000 else 1000
                success, weights, truth = drawn(rng, kind, (draws, rows), rate)
                for size in (1, 5):
                    sums = (success * weights).reshape(draws, -1, size).sum(axis=2)
                    sizes = weights.reshape(draws, -1, size).sum(axis=2)
                    heaviest = weights.max(axis=1)

                    def imagined(found: np.ndarray, heaviest: np.ndarray = heaviest) -> np.ndarray:
                        return np.maximum(np.array([typical_size(one) for one in found]), heaviest)

                    low = float(ours(sums, sizes, truth, added=imagined).mean())
                    high = float(ours(sizes - sums, sizes, 1 - truth, added=imagined).mean())
                    clusters = "rows" if size == 1 else f"clusters of {size}"
                    yield f"{kind}, {rows // size} {clusters}, p {truth:.2f}", low, high
