"""A rule about pairs of subgroups, which it may compare within strata."""

from __future__ import annotations

from abc import ABC

from pydantic import Field

from biasgate.contracts.evaluation import Gap, Ratio
from biasgate.gate.rule import Needs, combination_of
from biasgate.gate.subgroup_rule import SubgroupRule


class PairRule(SubgroupRule, ABC):
    """A rule about every two subgroups of ``attribute``.

    Attributes:
        attribute: One, or several joined by ``*``.
        given: Strata, such as the department that people applied to: subgroups are compared within each of them, so
            that what differs between strata does not count.
    """

    metric: str
    attribute: str
    given: tuple[str, ...] | None = Field(default=None, min_length=1)

    def needs(self) -> Needs:
        """The metric in the subgroups of the attribute, and of the strata where there are some."""
        given = frozenset(self.given or ())
        return Needs(self.metric, (combination_of(self.attribute) | given,), given)

    def compares(self, part: Gap | Ratio) -> bool:
        """Whether it asks about this pair of subgroups."""
        needs = self.needs()
        alike = combination_of(part.attribute) in needs.combinations and frozenset(part.given or ()) == needs.given
        return alike and self.concerns(part)
