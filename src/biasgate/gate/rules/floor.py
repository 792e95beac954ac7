"""Floor: a metric over the whole set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Change, Gap, Ratio, Score
from biasgate.contracts.wording import name, rate, samples, within
from biasgate.gate.chances import Growth, chance_of_rates
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_least
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import LowestName
from biasgate.gate.power import Power, power_of_rate
from biasgate.gate.rule import MeasuredRule, Needs


class FloorRule(MeasuredRule):
    """The lower bound of a metric over the whole set must reach ``min``.

    Attributes:
        given: Strata: the metric must reach it in each of them.
    """

    kind: Literal["floor"] = "floor"
    metric: LowestName = "accuracy"
    given: tuple[str, ...] | None = Field(default=None, min_length=1)
    min: float = Field(ge=0, le=1)

    sign = "≥"

    def words(self) -> str:
        where = within(self.given) or " over the whole set"
        return f"{name(self.metric)}{where} must be at least {rate(self.min)}."

    def check(self, found: Measurements) -> RuleResult:
        places = self._places(found)
        numbers = [found.rate(metric=self.metric, subgroup=subgroup, label=label) for label, subgroup in places]
        judgement = at_least(numbers, self.min)
        (label, subgroup), number = places[judgement.index], numbers[judgement.index]
        where = f" on {samples(subgroup)}" if subgroup else ""
        sentence = f"{name(self.metric, label)}{where} is {number.as_rate()}; the policy asks for {rate(self.min)}."
        return self.judged(judgement, number, threshold=self.min, sentence=sentence)

    def number(self, value: float) -> str:
        return rate(value)

    def needs(self) -> Needs:
        given = frozenset(self.given or ())
        return Needs(self.metric, (given,) if given else (), given)

    def power(self) -> Power | None:
        return power_of_rate(self.metric, self.min, several=False)

    def chance(self, found: Measurements, growth: Growth) -> float | None:
        cells = [found.cell(self.metric, subgroup, label) for label, subgroup in self._places(found)]
        return chance_of_rates(cells, self.min, growth)

    def line(self, part: Cell | Score | Gap | Ratio | Change) -> float | None:
        inside = isinstance(part, Cell | Score) and set(part.subgroup) == set(self.given or ())
        return self.min if inside and self.concerns(part) else None

    def _places(self, found: Measurements) -> list[tuple[str | None, Mapping[str, str]]]:
        """The whole set, or its strata, for each label."""
        labels = found.labels(self.label, metric=self.metric)
        if not self.given:
            return [(label, {}) for label in labels]
        strata = "*".join(self.given)
        return [
            (label, cell.subgroup)
            for label in labels
            for cell in found.cells(metric=self.metric, attribute=strata, label=label)
        ]
