"""Features are named numbers, ``<group>.<what>``; here are the small summaries that all groups share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np

from biasgate.detection.features.chain import Array
from biasgate.detection.features.colour import BANDS

Named: TypeAlias = Iterator[tuple[str, float]]

TINY = 1e-30
FLOOR = 1e-6


def group_of(feature: str) -> str:
    """The group that a feature belongs to."""
    return feature.split(".", 1)[0]


def colour_shares(name: str, power: Array, *, total: float | None = None) -> Named:
    """Log shares of a table of power ``[2 (luma, chroma), 3 (bands)]`` in ``total`` (its sum), floored at 1e-6."""
    whole = float(power.sum()) if total is None else total
    shares = np.log(power / max(whole, TINY) + FLOOR)
    for colour, row in zip(("luma", "chroma"), shares.tolist(), strict=True):
        for band, value in zip(BANDS, row, strict=True):
            yield f"{name}.{colour}_{band}", value


def moments(name: str, values: Array, importance: Array) -> Named:
    """Mean and standard deviation over units, weighted by their importance."""
    mean = float(importance @ values)
    yield f"{name}.mean", mean
    yield f"{name}.sd", float(np.sqrt(importance @ (values - mean) ** 2))


def log_odds(share: Array) -> Array:
    """log(share / (1 - share)), shares clipped a millionth away from 0 and 1."""
    share = np.clip(share, FLOOR, 1 - FLOOR)
    return np.log(share / (1 - share))


def entropy(shares: Array) -> float:
    """Shannon entropy in nats."""
    return float(-(shares * np.log(shares + TINY)).sum())
