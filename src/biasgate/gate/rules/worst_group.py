"""Worst group: a metric in every subgroup."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Change, Gap, Ratio, Score
from biasgate.contracts.wording import name, rate, samples
from biasgate.gate.chances import Growth, chance_of_rates
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_least
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import LowestName
from biasgate.gate.power import Power, power_of_rate
from biasgate.gate.rule import Needs, combination_of, crossed
from biasgate.gate.subgroup_rule import SubgroupRule


class WorstGroupRule(SubgroupRule):
    """The lower bound of a metric must reach ``min`` in every subgroup of ``attribute``."""

    kind: Literal["worst_group"] = "worst_group"
    metric: LowestName = "accuracy"
    attribute: str
    min: float = Field(ge=0, le=1)

    sign = "≥"
    about_bias = True

    def words(self) -> str:
        return f"{name(self.metric)} must be at least {rate(self.min)} in every subgroup of {crossed(self.attribute)}."

    def check(self, found: Measurements) -> RuleResult:
        groups = [
            (label, *one)
            for label in found.labels(self.label, metric=self.metric)
            for one in found.subgroups(metric=self.metric, attribute=self.attribute, label=label)
        ]
        judgement = at_least([number for *_, number in groups], self.min)
        label, subgroup, number = groups[judgement.index]
        sentence = (
            f"{name(self.metric, label)} on {samples(subgroup)} is {number.as_rate()}; "
            f"the policy asks for {rate(self.min)} in every subgroup."
        )
        return self.judged(judgement, number, threshold=self.min, sentence=sentence)

    def number(self, value: float) -> str:
        return rate(value)

    def needs(self) -> Needs:
        return Needs(self.metric, (combination_of(self.attribute),))

    def power(self) -> Power | None:
        return power_of_rate(self.metric, self.min, several=True)

    def chance(self, found: Measurements, growth: Growth) -> float | None:
        places = self.places(found, self.attribute)
        cells = [found.cell(self.metric, subgroup, label) for label, subgroup in places if subgroup]
        return chance_of_rates(cells, self.min, growth)

    def line(self, part: Cell | Score | Gap | Ratio | Change) -> float | None:
        inside = isinstance(part, Cell | Score) and frozenset(part.subgroup) == combination_of(self.attribute)
        return self.min if inside and self.concerns(part) else None
