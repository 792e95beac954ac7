"""A number that never travels alone: value, interval, sample size, method."""

from __future__ import annotations

from typing import Self

from pydantic import Field

from biasgate.documents import Document


class Estimate(Document):
    """A measured value with its interval.

    Attributes:
        value: Point estimate.
        low: Lower end of the two-sided interval.
        high: Upper end of the two-sided interval.
        n: Independent units behind it (a person, a digit), not rows.
        method: Name of the interval's method, such as ``wilson``.
        confidence: Two-sided coverage aimed at.
    """

    value: float
    low: float
    high: float
    n: int = Field(ge=0)
    method: str
    confidence: float = Field(default=0.95, gt=0, lt=1)

    @classmethod
    def within(cls, limits: tuple[float, float], *, value: float, n: int, method: str, confidence: float) -> Self:
        """A value with its limits, which are widened to hold it where rounding left them a hair inside."""
        low, high = min(limits[0], value), max(limits[1], value)
        return cls(value=value, low=low, high=high, n=n, method=method, confidence=confidence)
