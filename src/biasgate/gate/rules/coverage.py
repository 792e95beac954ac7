"""Coverage: how many clusters a metric has to rest on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from biasgate.contracts.estimate import Clusters
from biasgate.contracts.evaluation import Cell, Score
from biasgate.contracts.wording import group, name, samples
from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import RateName
from biasgate.gate.rule import Needs, combination_of, crossed
from biasgate.gate.subgroup_rule import SubgroupRule


class CoverageRule(SubgroupRule):
    """Subgroups must have at least ``clusters`` clusters among the trials of ``metric``; fewer are not approved.

    Too few is no violation, but no evidence either.

    Attributes:
        metric: Equal opportunity needs positive clusters in every subgroup: ``true_positive_rate`` counts those.
        attribute: Every subgroup of it, or of attributes joined by ``*``, that the data hold.
        subgroups: Subgroups that the data must hold, by attribute values.
    """

    kind: Literal["coverage"] = "coverage"
    metric: RateName = "accuracy"
    attribute: str | None = None
    subgroups: tuple[dict[str, str], ...] = ()
    clusters: Clusters = Field(gt=0)

    sign = "≥"
    proves = False

    @model_validator(mode="after")
    def _covers_something(self) -> CoverageRule:
        if self.attribute is None and not self.subgroups:
            raise ValueError("name an attribute, subgroups, or both")
        return self

    def words(self) -> str:
        of = [f"every subgroup of {crossed(self.attribute)}"] if self.attribute else []
        where = ", and in ".join([*of, *map(group, self.subgroups)])
        return f"{name(self.metric)} must rest on at least {self.clusters} clusters in {where}."

    def check(self, found: Measurements) -> RuleResult:
        cells: list[Cell | Score] = []
        for label in found.labels(self.label, metric=self.metric):
            if self.attribute:
                cells += found.cells(metric=self.metric, attribute=self.attribute, label=label)
            cells += [found.cell(self.metric, subgroup, label) for subgroup in self.subgroups]
        smallest = min(cells, key=lambda cell: cell.clusters)
        return RuleResult(
            rule=self.id,
            outcome="pass" if smallest.clusters >= self.clusters else "insufficient",
            value=smallest.clusters,
            threshold=self.clusters,
            n=smallest.clusters,
            sentence=f"{name(self.metric, smallest.label)} on {samples(smallest.subgroup)} rests on "
            f"{smallest.clusters} clusters, the fewest of {len(cells)} subgroups; the policy asks for {self.clusters}.",
        )

    def number(self, value: float) -> str:
        return f"{value:,.0f}"

    def needs(self) -> Needs:
        return Needs(self.metric, (combination_of(self.attribute), *map(frozenset, self.subgroups)))
