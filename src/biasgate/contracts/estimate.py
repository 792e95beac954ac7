"""A number that never travels alone: value, interval, sample size, method."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AliasChoices, Field

from biasgate.documents import Document

_UNNAMED = {
    "wilson": "clopper-pearson",
    "wilson, clustered": "korn-graubard",
    "newcombe": "square-and-add, clopper-pearson",
    "newcombe, paired": "square-and-add, clopper-pearson",
    "newcombe, paired, clustered": "square-and-add, korn-graubard",
    "square-and-add, clustered": "square-and-add, korn-graubard",
    "mover": "mover, korn-graubard",
    "mover, wilson": "korn-graubard, bonferroni",
    "wilson, delong": "chernoff",
    "t, log": "t, two units more",
    "square-and-add, mover, wilson": "square-and-add, korn-graubard, bonferroni",
    "square-and-add, wilson, delong": "square-and-add, chernoff",
    "square-and-add, paired, mover, wilson": "square-and-add, korn-graubard, bonferroni",
    "square-and-add, paired, wilson, delong": "square-and-add, chernoff",
}
"""What decided beside an interval of this method, in documents written before ``decided_by`` was."""


Clusters = Annotated[int, Field(validation_alias=AliasChoices("units", "clusters"), serialization_alias="units")]
"""A number of clusters; documents call them ``units``, as those do that were stored before the word was chosen."""


class Estimate(Document):
    """A measured value with its interval.

    Attributes:
        value: Point estimate.
        low: Lower end of the two-sided interval.
        high: Upper end of the two-sided interval.
        n: Independent clusters behind it (a person, a digit), not rows.
        method: Name of the interval's method, such as ``clopper-pearson``.
        confidence: Two-sided coverage aimed at.
        decided_by: Name of the method of the bounds that stand beside it and decide; absent when ``method`` is theirs
            too.
    """

    value: float
    low: float
    high: float
    n: int = Field(ge=0)
    method: str
    confidence: float = Field(default=0.95, gt=0, lt=1)
    decided_by: str | None = None

    @classmethod
    def within(
        cls,
        limits: tuple[float, float],
        *,
        value: float,
        n: int,
        method: str,
        confidence: float,
        decided_by: str | None = None,
    ) -> Self:
        """A value with its limits, which are widened to hold it where rounding left them a hair inside."""
        low, high = min(limits[0], value), max(limits[1], value)
        return cls(value=value, low=low, high=high, n=n, method=method, confidence=confidence, decided_by=decided_by)

    @property
    def deciding_method(self) -> str:
        """By which method the bounds beside it decide, in documents of any age."""
        return self.decided_by or _UNNAMED.get(self.method, self.method)
