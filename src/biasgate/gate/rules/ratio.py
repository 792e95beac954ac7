"""Ratio: a metric of one subgroup against another's, such as the impact ratio."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Change, Gap, Ratio, Score
from biasgate.contracts.wording import group, name, rate, samples, within
from biasgate.gate.chances import Growth, chance_of_pairs
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_least
from biasgate.gate.measurements import Measured, Measurements
from biasgate.gate.metric_names import RateName
from biasgate.gate.pair_rule import PairRule
from biasgate.gate.power import Power, power_of_ratio
from biasgate.gate.rule import crossed
from biasgate.statistics.power import ratio_above


class RatioRule(PairRule):
    """The lower bound of the ratio of a metric between any two subgroups of ``attribute`` must reach ``min``.

    For ``selection_rate`` the smallest such ratio is the impact ratio of the least selected subgroup.
    """

    kind: Literal["ratio"] = "ratio"
    metric: RateName = "selection_rate"
    min: float = Field(ge=0, le=1)

    sign = "≥"
    about_bias = True

    def words(self) -> str:
        return (
            f"{name(self.metric)} of any subgroup of {crossed(self.attribute)} must be at least {rate(self.min)} "
            f"times that of any other{within(self.given)}."
        )

    def check(self, found: Measurements) -> RuleResult:
        pairs = self._pairs(found)
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

    def chance(self, found: Measurements, growth: Growth) -> float | None:
        open_ = [ratio for ratio, number in self._pairs(found) if number.approving[0] < self.min]
        cells = (self.sides(found, ratio) for ratio in open_)
        return chance_of_pairs(cells, ratio_above(self.min), growth)

    def _pairs(self, found: Measurements) -> list[tuple[Ratio, Measured]]:
        return [
            pair
            for label in found.labels(self.label, metric=self.metric)
            for pair in found.ratios(metric=self.metric, attribute=self.attribute, label=label, given=self.given or ())
        ]

    def power(self) -> Power:
        return power_of_ratio(self.metric, self.min)

    def line(self, part: Cell | Score | Gap | Ratio | Change) -> float | None:
        return self.min if isinstance(part, Ratio) and self.compares(part) else None
