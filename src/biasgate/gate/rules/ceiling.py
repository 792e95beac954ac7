"""Ceiling: a metric of which less is better."""

from __future__ import annotations

from abc import ABC
from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import name, rate, samples
from biasgate.gate.chances import Growth, chance_of_rates
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import HighestName
from biasgate.gate.power import Power, power_of_rate
from biasgate.gate.rule import Needs, combination_of, everywhere
from biasgate.gate.subgroup_rule import SubgroupRule


class UpperLimit(SubgroupRule, ABC):
    """The upper bound of a metric of which less is better must stay within ``max``.

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    attribute: str | None = None
    max: float = Field(ge=0)

    def check(self, found: Measurements) -> RuleResult:
        metric, places = self.needs().metric, self.places(found, self.attribute)
        numbers = [found.rate(metric=metric, subgroup=subgroup, label=label) for label, subgroup in places]
        judgement = at_most([abs(number) for number in numbers], self.max)
        (label, subgroup), number = places[judgement.index], numbers[judgement.index]
        sentence = (
            f"{name(metric, label)} on {samples(subgroup)} is {number.as_rate()}; the policy allows {rate(self.max)}."
        )
        return self.judged(judgement, abs(number), threshold=self.max, sentence=sentence)

    def number(self, value: float) -> str:
        return rate(value)

    def chance(self, found: Measurements, growth: Growth) -> float | None:
        metric = self.needs().metric
        cells = [found.cell(metric, subgroup, label) for label, subgroup in self.places(found, self.attribute)]
        return chance_of_rates(cells, self.max, growth, at_most=True)

    def power(self) -> Power | None:
        return power_of_rate(self.needs().metric, self.max, several=self.attribute is not None)


class CeilingRule(UpperLimit):
    """The upper bound of a metric of which less is better must stay within ``max``.

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["ceiling"] = "ceiling"
    metric: HighestName

    def words(self) -> str:
        return f"{name(self.metric)} may be at most {rate(self.max)}{everywhere(self.attribute)}."

    def needs(self) -> Needs:
        return Needs(self.metric, (combination_of(self.attribute),))
