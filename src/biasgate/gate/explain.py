"""A policy in words, with what it can and cannot certify at given sample sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import times
from biasgate.documents import Document
from biasgate.gate.policy import Policy
from biasgate.gate.power import ASSUMED
from biasgate.gate.rule import Rule

SIZES = (100, 200, 500, 1000, 2000, 5000)


class Certified(Document):
    """What so many clusters, in each subgroup that a rule looks at, can certify.

    Attributes:
        clusters: Their number.
        value: The least good true value that passes with a chance of ``POWER``; absent when none would.
    """

    clusters: int
    value: float | None = None


class RuleExplained(Document):
    """One rule.

    Attributes:
        words: What it asks, in a sentence.
        needs: What ``certifies`` is a value of, such as ``true gap ≤``; absent where no sampling is involved, or
            where its width cannot be told in advance.
    """

    id: str
    kind: str
    words: str
    needs: str | None = None
    certifies: tuple[Certified, ...] = ()


class PolicyExplained(Document):
    """A policy in words."""

    schema_: Literal["biasgate/policy-explained/v1"] = Field(default="biasgate/policy-explained/v1", alias="schema")
    name: str
    general: tuple[str, ...]
    rules: tuple[RuleExplained, ...]
    assumed: str = ASSUMED


def explain(policy: Policy, *, sizes: Sequence[int] = SIZES) -> PolicyExplained:
    """What a policy asks, rule by rule, and what each rule can certify at these numbers of clusters a subgroup."""
    return PolicyExplained(
        name=policy.name,
        general=tuple(_general(policy)),
        rules=tuple(_explained(rule, policy.evaluation.confidence, sizes) for rule in policy.rules),
    )


def _general(policy: Policy) -> list[str]:
    spec = policy.evaluation
    tail = (1 - spec.confidence) / 2
    error = min(1.0, policy.looks * tail)
    methods = " or ".join(policy.repair.methods)
    return [
        f"Every bound is one-sided at {100 * (1 - tail):g}%: a candidate passes a rule when its bound is inside the "
        "margin, fails when a bound that holds for all subgroups at once proves a violation, and else lacks evidence.",
        f"Subgroups with fewer than {spec.minimum} clusters are insufficient evidence.",
        policy.weight_scan.words(),
        f"The test split may be looked at {times(policy.looks)}, whatever the models' names. The chance that a look "
        f"passes a candidate that is exactly at a margin, and was made before the first look, is at most "
        f"{100 * error:g}% over all looks; for one made after, from what an earlier look told, nobody can say.",
        f"A candidate rejected for bias alone may be repaired once ({methods}, {policy.repair.seconds} s)."
        if methods
        else "No repair is tried.",
        f"An approval holds for {policy.valid_days} days.",
    ]


def _explained(rule: Rule, confidence: float, sizes: Sequence[int]) -> RuleExplained:
    power = rule.power()
    certifies = tuple(Certified(clusters=n, value=power.least(n, confidence)) for n in sizes) if power else ()
    return RuleExplained(
        id=rule.id, kind=rule.kind, words=rule.explained(), needs=power and power.of, certifies=certifies
    )
