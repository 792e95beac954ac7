"""Repair cost: what a repair may lose against the model that it started from."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from biasgate.contracts.evaluation import Cell, Change, EvaluationSpec, Gap, Ratio, Score
from biasgate.contracts.wording import name, points, samples
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measurements
from biasgate.gate.metric_names import LowestName
from biasgate.gate.power import Power, power_of_loss
from biasgate.gate.rule import MeasuredRule, Needs
from biasgate.statistics.catalogue import RATES


class LossRule(MeasuredRule, ABC):
    """The upper bound of what a model loses of a metric against another, on the same rows, must stay within ``max``."""

    metric: LowestName = "accuracy"
    max: float = Field(ge=0, le=1)

    def number(self, value: float) -> str:
        return f"{points(value)} points"

    def faults(self, spec: EvaluationSpec) -> Iterator[str]:
        if self.metric in RATES and not RATES[self.metric].paired:
            yield f"two models' {self.lost(None)} is over different samples, so that it has no paired change"
            return
        yield from super().faults(spec)

    def lost(self, label: str | None) -> str:
        """The metric within a sentence: ``accuracy``, ``true positive rate of AU12``."""
        return name(self.metric).lower() + (f" of {label}" if label else "")


class RepairCostRule(LossRule):
    """A repair may cost at most ``max`` of a metric in the subgroup named (paired, upper bound of the loss)."""

    kind: Literal["repair_cost"] = "repair_cost"
    subgroup: dict[str, str]

    def words(self) -> str:
        return (
            f"A repair may cost at most {points(self.max)} points of {name(self.metric).lower()} on "
            f"{samples(self.subgroup)}."
        )

    def check(self, found: Measurements) -> RuleResult:
        if found.evidence.repair is None and found.evidence.candidate.repaired_from is None:
            unrepaired = "The candidate was not repaired."
            return RuleResult(rule=self.id, outcome="pass", threshold=self.max, sentence=unrepaired)
        labels = found.labels(self.label, metric=self.metric)
        numbers = [found.repair_loss(metric=self.metric, subgroup=self.subgroup, label=label) for label in labels]
        judgement = at_most(numbers, self.max)
        label, number = labels[judgement.index], numbers[judgement.index]
        sentence = (
            f"The repair cost {number.as_points()} of {self.lost(label)} on {samples(self.subgroup)} "
            f"(n = {number.n}); the policy allows {points(self.max)}."
        )
        return self.judged(judgement, number, threshold=self.max, sentence=sentence)

    def needs(self) -> Needs:
        return Needs(self.metric, (frozenset(self.subgroup),))

    def power(self) -> Power | None:
        return power_of_loss(self.metric, self.max, several=False)

    def line(self, part: Cell | Score | Gap | Ratio | Change) -> float | None:
        inside = isinstance(part, Change) and part.subgroup == self.subgroup
        return -self.max if inside and self.concerns(part) else None
