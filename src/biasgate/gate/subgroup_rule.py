"""A rule about subgroups, some of which it may leave out."""

from __future__ import annotations

from abc import ABC
from collections.abc import Iterator

from pydantic import Field

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.contracts.wording import group
from biasgate.gate.decision import RuleResult
from biasgate.gate.left_out import LeftOut, Omission
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.rule import MeasuredRule


class SubgroupRule(MeasuredRule, ABC):
    """A rule about the subgroups of an attribute.

    Attributes:
        omit: Subgroups that it does not judge, each with a reason, which the decision's record repeats.
        minimum_share: Subgroups with a smaller share of the samples that the metric is over are not judged either:
            their numbers are reported, and the record says that they were left out. Empty subgroups are such.
    """

    omit: tuple[Omission, ...] | None = None
    minimum_share: float | None = Field(default=None, gt=0, le=0.5)

    def view(self, found: Measurements) -> Measurements:
        """The evaluation without the subgroups that it does not judge."""
        return found.leaving_out(LeftOut(self.omit or (), self.minimum_share or 0.0))

    def result(self, found: Measurements) -> RuleResult:
        """What it finds, with the subgroups that it left out."""
        result = super().result(found)
        if not (left_out := self._left_out(self.view(found))):
            return result
        sentence = f"{result.sentence} Left out: {'; '.join(left_out)}."
        return result.model_copy(update={"sentence": sentence, "left_out": left_out})

    def explained(self) -> str:
        """All that it asks, in words."""
        said = [super().explained()]
        if self.minimum_share:
            said.append(f"Subgroups with less than {100 * self.minimum_share:g}% of the samples are not judged.")
        said += [f"Not judged: {group(one.subgroup)} ({one.reason})." for one in self.omit or ()]
        return " ".join(said)

    def faults(self, spec: EvaluationSpec) -> Iterator[str]:
        """Why it can never pass, or leave out what it names, when this is all that the policy measures."""
        yield from super().faults(spec)
        for one in self.omit or ():
            if foreign := sorted(set(one.subgroup) - self._combination()):
                yield f"it omits subgroups by {', '.join(foreign)}, which it does not look at"

    def _left_out(self, found: Measurements) -> tuple[str, ...]:
        attribute = "*".join(sorted(self._combination()))
        if not attribute or not (self.omit or self.minimum_share):
            return ()
        try:
            labels = found.labels(self.label, metric=self.needs().metric)
            each = [found.left_out(metric=self.needs().metric, attribute=attribute, label=one) for one in labels]
        except Missing:
            return ()
        return tuple(dict.fromkeys(reason for reasons in each for reason in reasons))

    def _combination(self) -> frozenset[str]:
        """The attributes whose subgroups it looks at."""
        return next(iter(self.needs().combinations), frozenset())
