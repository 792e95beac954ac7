"""Floor: a metric over the whole set."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Change, Gap, Score
from biasgate.contracts.wording import name, rate
from biasgate.gate.chances import Growth, chance_of_rates
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_least
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import LowestName
from biasgate.gate.power import Power, power_of_rate
from biasgate.gate.rule import MeasuredRule, Needs


class FloorRule(MeasuredRule):
    """The lower bound of a metric over the whole set must reach ``min``."""

    kind: Literal["floor"] = "floor"
    metric: LowestName = "accuracy"
    min: float = Field(ge=0, le=1)

    sign = "≥"

    def words(self) -> str:
        return f"{name(self.metric)} over the whole set must be at least {rate(self.min)}."

    def check(self, found: Measurements) -> RuleResult:
        labels = found.labels(self.label)
        numbers = [found.rate(metric=self.metric, subgroup={}, label=label) for label in labels]
        judgement = at_least(numbers, self.min)
        label, number = labels[judgement.index], numbers[judgement.index]
        sentence = f"{name(self.metric, label)} is {number.as_rate()}; the policy asks for {rate(self.min)}."
        return self.judged(judgement, number, threshold=self.min, sentence=sentence)

    def number(self, value: float) -> str:
        return rate(value)

    def needs(self) -> Needs:
        return Needs(self.metric)

    def power(self) -> Power | None:
        return power_of_rate(self.metric, self.min, several=False)

    def chance(self, found: Measurements, growth: Growth) -> float | None:
        cells = [found.cell(self.metric, {}, label) for label in found.labels(self.label)]
        return chance_of_rates(cells, self.min, growth)

    def line(self, part: Cell | Score | Gap | Change) -> float | None:
        whole = isinstance(part, Cell | Score) and not part.subgroup
        return self.min if whole and self.concerns(part) else None
