"""A policy in words, with what it can and cannot certify at given sample sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import times
from biasgate.documents import Document
from biasgate.gate.policy import Policy
from biasgate.gate.power import ASSUMED, Asked, Power
from biasgate.gate.rule import Rule

SIZES = (100, 200, 500, 1000, 2000, 5000)
SUBGROUPS = (2, 5, 10)


class Certified(Document):
    """What so many clusters, in each subgroup that a rule looks at, can certify.

    Attributes:
        clusters: Their number.
        value: The least good true value that passes with a chance of ``POWER``; absent when none would.
    """

    clusters: int
    value: float | None = None


class SubgroupsPower(Document):
    """What a rule can certify of so many subgroups.

    Attributes:
        subgroups: Their number; 1 for a rule that looks at one number only.
        certifies: By the clusters in each of them.
        enough: Clusters in each of them with which a fair candidate passes with a chance of ``POWER``; absent when a
            million are too few.
    """

    subgroups: int
    certifies: tuple[Certified, ...]
    enough: int | None = None


class RuleExplained(Document):
    """One rule.

    Attributes:
        words: What it asks, in a sentence.
        needs: What ``power`` is told of, such as ``true gap ≤``; absent where no sampling is involved, or where its
            width cannot be told in advance.
        power: One for each number of subgroups.
    """

    id: str
    kind: str
    words: str
    needs: str | None = None
    power: tuple[SubgroupsPower, ...] = ()


class PolicyExplained(Document):
    """A policy in words."""

    schema_: Literal["biasgate/policy-explained/v1"] = Field(default="biasgate/policy-explained/v1", alias="schema")
    name: str
    general: tuple[str, ...]
    rules: tuple[RuleExplained, ...]
    assumed: str = ASSUMED


def explain(policy: Policy, *, sizes: Sequence[int] = SIZES, subgroups: Sequence[int] = SUBGROUPS) -> PolicyExplained:
    """What a policy asks, rule by rule, and what each rule can certify.

    Args:
        policy: Any.
        sizes: Numbers of clusters in each subgroup to tell the power of; none tells no power.
        subgroups: Numbers of subgroups, for the rules whose power depends on it.
    """
    return PolicyExplained(
        name=policy.name,
        general=tuple(_general(policy)),
        rules=tuple(_explained(rule, policy.evaluation.confidence, sizes, subgroups) for rule in policy.rules),
    )


def _general(policy: Policy) -> list[str]:
    spec = policy.evaluation
    tail = (1 - spec.confidence) / 2
    error = min(1.0, policy.looks * tail)
    methods = " or ".join(policy.repair.methods)
    budget = f"{policy.repair.seconds} s" + (f", {policy.repair.memory}" if policy.repair.memory else "")
    return [
        f"Every bound is one-sided at {100 * (1 - tail):g}%: a candidate passes a rule when its bound is inside the "
        "margin, fails when a bound that holds for all subgroups at once proves a violation, and else lacks evidence.",
        f"A candidate that is exactly at the margin of all {policy.proofs} rules that may prove a violation is "
        f"rejected with a chance of at most {100 * min(1.0, policy.proofs * tail / (spec.proofs or 1)):g}%; that it is "
        "approved takes all of them to pass, which no number of rules makes likelier.",
        f"Subgroups with fewer than {spec.minimum} clusters are insufficient evidence.",
        policy.weight_scan.words(),
        f"The test split may be looked at {times(policy.looks)}, whatever the models' names. The chance that a look "
        f"passes a candidate that is exactly at a margin, and was made before the first look, is at most "
        f"{100 * error:g}% over all looks; for one made after, from what an earlier look told, nobody can say.",
        f"A candidate rejected for bias alone may be repaired once ({methods}, {budget})."
        if methods
        else "No repair is tried.",
        f"An approval holds for {policy.valid_days} days.",
        *(["Predictions alone may be decided about: the model need not be run."] if policy.predictions else []),
    ]


def _explained(rule: Rule, confidence: float, sizes: Sequence[int], subgroups: Sequence[int]) -> RuleExplained:
    power = rule.power() if sizes else None
    numbers = subgroups if power and power.several else (1,)
    return RuleExplained(
        id=rule.id,
        kind=rule.kind,
        words=rule.explained(),
        needs=power and power.of,
        power=tuple(_power(power, Asked(n, confidence), sizes) for n in numbers) if power else (),
    )


def _power(power: Power, asked: Asked, sizes: Sequence[int]) -> SubgroupsPower:
    return SubgroupsPower(
        subgroups=asked.subgroups,
        certifies=tuple(Certified(clusters=n, value=power.least(n, asked)) for n in sizes),
        enough=power.enough(asked),
    )
