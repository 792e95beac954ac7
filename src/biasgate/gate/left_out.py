"""Subgroups that a rule does not judge: named with a reason, or too small a share; the record says which and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field

from biasgate.contracts.wording import subgroup as in_words
from biasgate.documents import Document


class Omission(Document):
    """Subgroups that a rule leaves out.

    Attributes:
        subgroup: Attribute values; every subgroup that has them all is left out.
        reason: Why, for whoever reads the decision: ``nobody can be in it``, ``judged by hand every quarter``.
    """

    subgroup: dict[str, str] = Field(min_length=1)
    reason: str = Field(min_length=1)


@dataclass(frozen=True)
class LeftOut:
    """Which subgroups a rule leaves out.

    Attributes:
        omissions: Those named.
        minimum_share: Those with a smaller share of the samples that the metric is over are left out too.
    """

    omissions: tuple[Omission, ...] = ()
    minimum_share: float = 0.0

    def why(self, subgroup: Mapping[str, str], *, rows: int, whole: int) -> str | None:
        """The reason to leave a subgroup out, in words; nothing when it is judged.

        Args:
            subgroup: Attribute values.
            rows: Samples of it that the metric is over.
            whole: Those of the whole set.
        """
        for omission in self.omissions:
            if omission.subgroup.items() <= subgroup.items():
                return f"{in_words(subgroup)}: {omission.reason}"
        if rows < self.minimum_share * whole:
            return f"{in_words(subgroup)}: less than {100 * self.minimum_share:g}% of the samples"
        return None
