"""Step that learns to read bias from weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainedMetaClassifier:
    """Where it is registered, and its held-out scores."""

    uri: str
    metrics: dict[str, float]
