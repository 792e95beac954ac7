"""Coverage: how many units a metric has to rest on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from biasgate.contracts.evaluation import Cell, Score
from biasgate.contracts.wording import group, name, samples
from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import RateName
from biasgate.gate.rule import MeasuredRule, Needs, combination_of, crossed


class CoverageRule(MeasuredRule):
    """Subgroups must have at least ``units`` units among the trials of ``metric``; with fewer there is no approval.

    Too few is no violation, but no evidence either.

    Attributes:
        metric: Equal opportunity needs units that are positive in every subgroup: ``true_positive_rate`` counts those.
        attribute: Every subgroup of it, or of attributes joined by ``*``, that the data hold.
        subgroups: Subgroups that the data must hold, by attribute values.
    """

    kind: Literal["coverage"] = "coverage"
    metric: RateName = "accuracy"
    attribute: str | None = None
    subgroups: tuple[dict[str, str], ...] = ()
    units: int = Field(gt=0)

    sign = "≥"

    @model_validator(mode="after")
    def _covers_something(self) -> CoverageRule:
        if self.attribute is None and not self.subgroups:
            raise ValueError("name an attribute, subgroups, or both")
        return self

    def words(self) -> str:
        of = [f"every subgroup of {crossed(self.attribute)}"] if self.attribute else []
        where = ", and in ".join([*of, *map(group, self.subgroups)])
        return f"{name(self.metric)} must rest on at least {self.units} units in {where}."

    def check(self, found: Measurements) -> RuleResult:
        cells: list[Cell | Score] = []
        for label in found.labels(self.label):
            if self.attribute:
                cells += found.cells(metric=self.metric, attribute=self.attribute, label=label)
            cells += [found.cell(self.metric, subgroup, label) for subgroup in self.subgroups]
        smallest = min(cells, key=lambda cell: cell.units)
        return RuleResult(
            rule=self.id,
            outcome="pass" if smallest.units >= self.units else "insufficient",
            value=smallest.units,
            threshold=self.units,
            n=smallest.units,
            sentence=f"{name(self.metric, smallest.label)} on {samples(smallest.subgroup)} rests on {smallest.units} "
            f"units, the fewest of {len(cells)} subgroups; the policy asks for {self.units}.",
        )

    def number(self, value: float) -> str:
        return f"{value:,.0f}"

    def needs(self) -> Needs:
        return Needs(self.metric, (combination_of(self.attribute), *map(frozenset, self.subgroups)))
