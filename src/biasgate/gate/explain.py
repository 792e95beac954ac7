"""A policy in words, with what it can and cannot certify at given sample sizes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

from pydantic import Field

from biasgate.contracts.evaluation import ScoreName
from biasgate.contracts.wording import group, name, points, rate, samples, seconds, times
from biasgate.documents import Document
from biasgate.gate.policy import (
    CalibrationRule,
    CeilingRule,
    ChampionRule,
    CoverageRule,
    FloorRule,
    FreshnessRule,
    GapRule,
    LabelledRule,
    LatencyRule,
    ParityRule,
    Policy,
    RatioRule,
    RepairCostRule,
    Rule,
    SizeRule,
    WeightScanRule,
    WorstGroupRule,
)
from biasgate.statistics.power import gap_to_pass, loss_to_pass, rate_to_pass, ratio_to_pass

SCORES = get_args(ScoreName)
SIZES = (100, 200, 500, 1000, 2000, 5000)
POWER = 0.8
RATE = 0.9
SELECTED = 0.3
DISCORDANT = 0.1
ASSUMED = (
    f"Each figure gives a candidate a chance of {rate(POWER)} to pass that rule, with independent units. It supposes "
    f"rates near {rate(RATE)} (selection rates near {rate(SELECTED)}) and, where two models are compared, that they "
    f"differ on {rate(DISCORDANT)} of the units. Subgroups that hold the same units are compared pair by pair, "
    "which takes fewer."
)


class Certified(Document):
    """What so many units, in each subgroup that a rule looks at, can certify.

    Attributes:
        units: Their number.
        value: The least good true value that passes with a chance of ``POWER``; absent when none would.
    """

    units: int
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
    """What a policy asks, rule by rule, and what each rule can certify at these numbers of units a subgroup."""
    return PolicyExplained(
        name=policy.name,
        general=tuple(_general(policy)),
        rules=tuple(_rule(rule, policy.evaluation.confidence, sizes) for rule in policy.rules),
    )


def _general(policy: Policy) -> list[str]:
    spec = policy.evaluation
    tail = (1 - spec.confidence) / 2
    error = min(1.0, policy.looks * tail)
    methods = " or ".join(policy.repair.methods)
    return [
        f"Every bound is one-sided at {100 * (1 - tail):g}%: a candidate passes a rule when its bound is inside the "
        "margin, fails when a bound that holds for all subgroups at once proves a violation, and else lacks evidence.",
        f"Subgroups with fewer than {spec.minimum} units are insufficient evidence.",
        _scan(policy.weight_scan),
        f"The test split may be looked at {times(policy.looks)}, whatever the models' names. The chance that a look "
        f"passes a candidate that is exactly at a margin, and was made before the first look, is at most "
        f"{100 * error:g}% over all looks; for one made after, from what an earlier look told, nobody can say.",
        f"A candidate rejected for bias alone may be repaired once ({methods}, {policy.repair.seconds} s)."
        if methods
        else "No repair is tried.",
        f"An approval holds for {policy.valid_days} days.",
    ]


def _scan(rule: WeightScanRule) -> str:
    does = {"ignore": "nothing", "require_human": "calls a person to sign", "reject": "rejects"}
    levels = " or ".join(level.replace("_", " ") for level in rule.flag_levels)
    return (
        f"The weight scan flags weights that read as {levels} bias with probability {rate(rule.flag_probability)} or "
        f"more; a flag: {does[rule.on_flag]}; an abstention: {does[rule.on_abstain]}. It never approves."
    )


def _rule(rule: Rule, confidence: float, sizes: Sequence[int]) -> RuleExplained:
    needs = _needs(rule)
    found = tuple(Certified(units=n, value=_certified(rule, n, confidence)) for n in sizes) if needs else ()
    return RuleExplained(id=rule.id, kind=rule.kind, words=_words(rule) + _about(rule), needs=needs, certifies=found)


def _about(rule: Rule) -> str:
    return f" Asked of the label {rule.label}." if isinstance(rule, LabelledRule) and rule.label else ""


def _words(rule: Rule) -> str:
    match rule:
        case FloorRule():
            return f"{name(rule.metric)} over the whole set must be at least {rate(rule.min)}."
        case WorstGroupRule():
            return f"{name(rule.metric)} must be at least {rate(rule.min)} in every subgroup of {_of(rule.attribute)}."
        case GapRule():
            return (
                f"{name(rule.metric)} may differ by at most {points(rule.max)} points between any two subgroups of "
                f"{_of(rule.attribute)}."
            )
        case RatioRule():
            return (
                f"{name(rule.metric)} of any subgroup of {_of(rule.attribute)} must be at least {rate(rule.min)} "
                "times that of any other."
            )
        case CalibrationRule():
            return f"The calibration error may be at most {rate(rule.max)}{_everywhere(rule.attribute)}."
        case CeilingRule():
            return f"{name(rule.metric)} may be at most {rate(rule.max)}{_everywhere(rule.attribute)}."
        case CoverageRule():
            return f"{name(rule.metric)} must rest on at least {rule.units} units in {_covered(rule)}."
        case ChampionRule():
            return (
                f"{name(rule.metric)} may fall by at most {points(rule.max)} points against the champion, on the same "
                f"samples{_everywhere(rule.attribute)}."
            )
        case RepairCostRule():
            return (
                f"A repair may cost at most {points(rule.max)} points of {name(rule.metric).lower()} on "
                f"{samples(rule.subgroup)}."
            )
        case ParityRule():
            return f"The ONNX form's logits may differ from its source's by at most {rule.max:.1g}."
        case FreshnessRule():
            return f"The {rule.of.replace('_', ' ')} may be at most {rule.days} days old."
        case SizeRule():
            return f"The package may hold at most {rule.max:,} bytes."
        case LatencyRule():
            return f"Inference may take at most {seconds(rule.max)} a sample, in the median over batches."


def _needs(rule: Rule) -> str | None:
    if isinstance(rule, FloorRule | WorstGroupRule | GapRule | ChampionRule | RepairCostRule) and rule.metric in SCORES:
        return None
    match rule:
        case FloorRule() | WorstGroupRule():
            return "true rate ≥"
        case GapRule():
            return "true gap ≤"
        case RatioRule():
            return "true ratio ≥"
        case ChampionRule() | RepairCostRule():
            return "true loss ≤"
        case _:
            return None


def _certified(rule: Rule, units: int, confidence: float) -> float | None:
    match rule:
        case FloorRule() | WorstGroupRule():
            return rate_to_pass(rule.min, units, confidence=confidence, power=POWER)
        case GapRule():
            return gap_to_pass(_near(rule.metric), rule.max, units, confidence=confidence, power=POWER)
        case RatioRule():
            return ratio_to_pass(_near(rule.metric), rule.min, units, confidence=confidence, power=POWER)
        case ChampionRule() | RepairCostRule():
            return loss_to_pass(DISCORDANT, rule.max, units, confidence=confidence, power=POWER)
        case _:
            return None


def _near(metric: str) -> float:
    return SELECTED if metric == "selection_rate" else RATE


def _of(attribute: str) -> str:
    return attribute.replace("*", " × ")


def _everywhere(attribute: str | None) -> str:
    return f", over the whole set and in every subgroup of {_of(attribute)}" if attribute else ""


def _covered(rule: CoverageRule) -> str:
    groups = [group(subgroup) for subgroup in rule.subgroups]
    return ", and in ".join([*([f"every subgroup of {_of(rule.attribute)}"] if rule.attribute else []), *groups])
