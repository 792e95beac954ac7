"""Ratio: a metric of one subgroup against another's, such as the impact ratio."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import group, name, rate, samples
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_least
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import RateName
from biasgate.gate.power import Power, power_of_ratio
from biasgate.gate.rule import MeasuredRule, Needs, combination_of, crossed


class RatioRule(MeasuredRule):
    """The lower bound of the ratio of a metric between any two subgroups of ``attribute`` must reach ``min``.

    For ``selection_rate`` the smallest such ratio is the impact ratio of the least selected subgroup.
    """

    kind: Literal["ratio"] = "ratio"
    metric: RateName = "selection_rate"
    attribute: str
    min: float = Field(ge=0, le=1)

    sign = "≥"
    about_bias = True

    def words(self) -> str:
        return (
            f"{name(self.metric)} of any subgroup of {crossed(self.attribute)} must be at least {rate(self.min)} "
            "times that of any other."
        )

    def check(self, found: Measurements) -> RuleResult:
        pairs = [
            pair
            for label in found.labels(self.label)
            for pair in found.ratios(metric=self.metric, attribute=self.attribute, label=label)
        ]
        judgement = at_least([number for _, number in pairs], self.min)
        smallest, number = pairs[judgement.index]
        lower = found.rate(metric=self.metric, subgroup=smallest.lower, label=smallest.label)
        what = f"{name(self.metric, smallest.label)} on {samples(smallest.lower)}"
        sentence = (
            f"{what} is {lower.as_rate()}, {number.as_share()} times that on {group(smallest.higher)} ones; "
            f"the policy asks for {rate(self.min)}."
        )
        return self.judged(judgement, number, threshold=self.min, sentence=sentence)

    def number(self, value: float) -> str:
        return rate(value)

    def needs(self) -> Needs:
        return Needs(self.metric, (combination_of(self.attribute),))

    def power(self) -> Power:
        return power_of_ratio(self.metric, self.min)
