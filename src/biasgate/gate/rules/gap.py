"""Gap: how far a metric may differ between subgroups."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Change, Gap, Ratio, Score
from biasgate.contracts.wording import group, name, points, samples, within
from biasgate.gate.chances import Growth, chance_of_pairs
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measured, Measurements
from biasgate.gate.metric_names import DifferenceName
from biasgate.gate.pair_rule import PairRule
from biasgate.gate.power import Power, power_of_gap
from biasgate.gate.rule import crossed
from biasgate.statistics.power import gap_within


class GapRule(PairRule):
    """The upper bound of the gap between any two subgroups of ``attribute`` must stay within ``max``.

    Of several strata the widest gap decides: gaps that point opposite ways in two strata do not cancel.
    """

    kind: Literal["gap"] = "gap"
    metric: DifferenceName = "accuracy"
    max: float = Field(ge=0, le=1)

    about_bias = True

    def words(self) -> str:
        return (
            f"{name(self.metric)} may differ by at most {points(self.max)} points between any two subgroups of "
            f"{crossed(self.attribute)}{within(self.given)}."
        )

    def check(self, found: Measurements) -> RuleResult:
        pairs = self._pairs(found)
        judgement = at_most([number for _, number in pairs], self.max)
        widest, number = pairs[judgement.index]
        lower = found.rate(metric=self.metric, subgroup=widest.lower, label=widest.label)
        sentence = (
            f"{name(self.metric, widest.label)} on {samples(widest.lower)} is {lower.as_rate()}, {number.as_points()} "
            f"below {group(widest.higher)} ones; the policy allows {points(self.max)}."
        )
        return self.judged(judgement, number, threshold=self.max, sentence=sentence)

    def number(self, value: float) -> str:
        return f"{points(value)} points"

    def power(self) -> Power | None:
        return power_of_gap(self.metric, self.max)

    def chance(self, found: Measurements, growth: Growth) -> float | None:
        open_ = [gap for gap, number in self._pairs(found) if number.approving[1] > self.max]
        if any(gap.paired for gap in open_):
            return None
        cells = (self.sides(found, gap) for gap in open_)
        return chance_of_pairs(cells, gap_within(self.max), growth)

    def _pairs(self, found: Measurements) -> list[tuple[Gap, Measured]]:
        return [
            pair
            for label in found.labels(self.label, metric=self.metric)
            for pair in found.gaps(metric=self.metric, attribute=self.attribute, label=label, given=self.given or ())
        ]

    def line(self, part: Cell | Score | Gap | Ratio | Change) -> float | None:
        return self.max if isinstance(part, Gap) and self.compares(part) else None
