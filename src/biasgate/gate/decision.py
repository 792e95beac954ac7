"""The decision: verdict, reasons, and one result for each rule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import AwareDatetime, Field

from biasgate.documents import Document

Outcome = Literal["pass", "fail", "insufficient"]
Verdict = Literal["APPROVED", "REJECTED", "INSUFFICIENT_EVIDENCE"]

OWN_CHECKS = ("evaluation", "looks", "repair", "weight_scan")
"""Names of the results of the gate's own checks; no rule may take one."""


class RuleResult(Document):
    """What one rule, or one of the gate's own checks, found.

    Attributes:
        rule: Its id.
        outcome: ``pass`` only when the bound is inside the margin; ``fail`` only when the bound proves a violation.
        value: Point estimate.
        bound: The bound that was held against ``threshold``.
        n: Independent clusters behind it.
        method: Of the bound.
        sentence: The finding, for a person.
        left_out: Subgroups that the rule did not judge, each with the reason; absent when it judged all.
        bias: True when a failure of this rule is a finding of bias, which repair may cure.
    """

    rule: str
    outcome: Outcome
    value: float | None = None
    bound: float | None = None
    threshold: float | None = None
    n: int | None = None
    method: str | None = None
    sentence: str
    left_out: tuple[str, ...] | None = None
    bias: bool = False


def worst_first(results: Sequence[RuleResult]) -> list[RuleResult]:
    """The results that fail, then those that lack evidence, then those that pass, by how far a bound is beyond.

    What has no number comes before those that have one where it stands in the way, and after them where it passes.
    """

    def beyond(result: RuleResult) -> tuple[int, bool, float]:
        order, inside = ("fail", "insufficient", "pass").index(result.outcome), result.outcome == "pass"
        held = result.value if result.bound is None else result.bound
        if held is None or result.threshold is None:
            return order, inside, 0.0
        return order, not inside, (1 if inside else -1) * abs(held - result.threshold)

    return sorted(results, key=beyond)


def decisive(results: Sequence[RuleResult]) -> tuple[RuleResult, ...]:
    """The three results with a number that decided, or came nearest to."""
    return tuple(result for result in worst_first(results) if result.value is not None)[:3]


class Decision(Document):
    """A verdict with its reasons.

    Attributes:
        verdict: APPROVED only when every rule passes and the scan does not object.
        human: True when the policy wants a person to sign before promotion.
        repairable: True when the candidate is rejected for bias only and the policy allows a repair.
        reasons: What decided it, worst first, in words.
        rules: One result for each of the gate's own checks, then one a rule.
        policy: Digest of the policy.
        evidence: Digest of the evidence.
        at: When, UTC.
        expires: When an approval ends, UTC.
    """

    schema_: Literal["biasgate/decision/v1"] = Field(default="biasgate/decision/v1", alias="schema")
    verdict: Verdict
    human: bool = False
    repairable: bool = False
    reasons: tuple[str, ...]
    rules: tuple[RuleResult, ...]
    policy: str
    evidence: str
    at: AwareDatetime
    expires: AwareDatetime
