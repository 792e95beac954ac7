"""A rule: one question that a policy asks of the evidence; each file of ``rules`` defines one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from biasgate.contracts.evaluation import Cell, Change, EvaluationSpec, Gap, Ratio, Score
from biasgate.documents import Document
from biasgate.gate.chances import Growth
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import Judgement
from biasgate.gate.measurements import Measured, Measurements, Missing
from biasgate.gate.power import Power


class Rule(Document, ABC):
    """What a policy says of one rule, and what the gate does with it.

    Attributes:
        kind: Name of its kind, which each rule narrows to its own.
        id: Name of the rule in its policy, and of its result.
        sign: Side of the margin on which it passes, for tables.
        about_bias: True when a violation is a finding of bias, which a repair may cure.
        proves: True when a bound of the evaluation may prove that it is violated.
        needs_champion: True when the champion has to be measured beside the candidate.
    """

    kind: Any
    id: str

    sign: ClassVar[Literal["≤", "≥"]] = "≤"
    about_bias: ClassVar[bool] = False
    proves: ClassVar[bool] = False
    needs_champion: ClassVar[bool] = False

    @abstractmethod
    def words(self) -> str:
        """What it asks, in a sentence."""

    @abstractmethod
    def check(self, found: Measurements) -> RuleResult:
        """What it finds.

        Raises:
            Missing: A number that it needs is not there, or contradicts itself.
        """

    def number(self, value: float) -> str:
        """A value, bound or margin in its cluster."""
        return f"{value:.3g}"

    def faults(self, spec: EvaluationSpec) -> Iterator[str]:  # noqa: ARG002
        """Why it can never pass, when this is all that the policy measures."""
        return iter(())

    def power(self) -> Power | None:
        """What it can certify with so many clusters; None where no sampling is involved, or nobody can tell."""
        return None

    def chance(self, found: Measurements, growth: Growth) -> float | None:  # noqa: ARG002
        """At least the chance to pass with so many times the clusters, were the rates as measured.

        Returns:
            Nothing where it cannot be told.
        """
        return None

    def line(self, part: Cell | Score | Gap | Ratio | Change) -> float | None:  # noqa: ARG002
        """Where it draws its line beside one number of an evaluation: a lowest rate, a widest gap, a lowest change."""
        return None

    def explained(self) -> str:
        """All that it asks, in words."""
        return self.words()

    def view(self, found: Measurements) -> Measurements:
        """The evaluation as this rule looks at it."""
        return found

    def result(self, found: Measurements) -> RuleResult:
        """What it finds; a number that is missing makes it insufficient."""
        try:
            return self.check(self.view(found))
        except Missing as missing:
            return RuleResult(rule=self.id, outcome="insufficient", n=missing.n, sentence=str(missing))

    def judged(self, judgement: Judgement, number: Measured, *, threshold: float, sentence: str) -> RuleResult:
        """The result for a number whose bounds were held against a margin."""
        return RuleResult(
            rule=self.id,
            outcome=judgement.outcome,
            value=number.value,
            bound=judgement.bound,
            threshold=threshold,
            n=number.n,
            method=number.method,
            sentence=sentence,
            bias=self.about_bias,
        )

    def known(self, value: float, *, most: float, sentence: str) -> RuleResult:
        """The result for a fact, which is known and not estimated, held against an upper margin."""
        outcome = "pass" if value <= most else "fail"
        return RuleResult(rule=self.id, outcome=outcome, value=value, threshold=most, sentence=sentence)


@dataclass(frozen=True)
class Needs:
    """What has to be measured for a rule.

    Attributes:
        metric: Name of the metric or score.
        combinations: Sets of attributes whose subgroups it looks at; an empty one is the whole set.
        given: Strata within which it compares them; among the attributes.
    """

    metric: str
    combinations: tuple[frozenset[str], ...] = ()
    given: frozenset[str] = frozenset()


class MeasuredRule(Rule, ABC):
    """A rule about numbers of an evaluation.

    Attributes:
        label: Of a multi-label model the label that the rule asks about; every one of them when absent.
    """

    label: str | None = None

    proves = True

    @abstractmethod
    def needs(self) -> Needs:
        """What has to be measured for it."""

    def faults(self, spec: EvaluationSpec) -> Iterator[str]:
        """Why it can never pass, when this is all that the policy measures."""
        needs = self.needs()
        if needs.given and needs.given != frozenset(spec.strata or ()):
            yield f"the policy compares nothing within {', '.join(sorted(needs.given))}: name it as strata"
        for attributes in (combined - needs.given for combined in needs.combinations):
            if unknown := sorted(attributes - set(spec.attributes)):
                yield f"{', '.join(unknown)} is no attribute that the policy measures"
            elif len(attributes) > spec.depth:
                yield f"the policy measures intersections of {spec.depth} attributes, not of {len(attributes)}"
        if needs.metric not in (*spec.metrics, *(spec.scores or ())):
            yield f"the policy does not measure {needs.metric}"

    def explained(self) -> str:
        """All that it asks, in words."""
        return f"{self.words()} Asked of the label {self.label}." if self.label else self.words()

    def concerns(self, part: Cell | Score | Gap | Ratio | Change) -> bool:
        """Whether it asks about the metric and label of one number of an evaluation."""
        return self.needs().metric == part.metric and self.label in (None, part.label)

    def places(self, found: Measurements, attribute: str | None) -> list[tuple[str | None, Mapping[str, str]]]:
        """The whole set and, where an attribute is named, its subgroups: for each label that it asks about.

        Raises:
            Missing: The subgroups are not complete.
        """
        metric = self.needs().metric
        places: list[tuple[str | None, Mapping[str, str]]] = []
        for label in found.labels(self.label, metric=self.needs().metric):
            cells = found.cells(metric=metric, attribute=attribute, label=label) if attribute else []
            places += [(label, {}), *((label, cell.subgroup) for cell in cells)]
        return places

    def sides(self, found: Measurements, pair: Gap | Ratio) -> tuple[Cell | Score, Cell | Score]:
        """The two subgroups that are compared.

        Raises:
            Missing: One was not measured, or more than once.
        """
        metric = self.needs().metric
        return found.cell(metric, pair.higher, pair.label), found.cell(metric, pair.lower, pair.label)


def combination_of(attribute: str | None) -> frozenset[str]:
    """The attributes that ``*`` joins; none for the whole set."""
    return frozenset(attribute.split("*")) if attribute else frozenset()


def crossed(attribute: str) -> str:
    """Attributes joined by ``*``, for a sentence: ``sex × age``."""
    return attribute.replace("*", " × ")


def everywhere(attribute: str | None) -> str:
    """The end of a sentence about the whole set and the subgroups of an attribute, where one is named."""
    return f", over the whole set and in every subgroup of {crossed(attribute)}" if attribute else ""
