"""A number that never travels alone: value, interval, sample size, method."""

from __future__ import annotations

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
