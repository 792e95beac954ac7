"""Rules that no candidate could ever pass, because the policy does not measure what they ask."""

from __future__ import annotations

from collections.abc import Iterator

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.gate.policy import (
    CalibrationRule,
    CeilingRule,
    ChampionRule,
    CoverageRule,
    FloorRule,
    GapRule,
    Policy,
    RatioRule,
    RepairCostRule,
    Rule,
    WorstGroupRule,
)


def faults(policy: Policy) -> list[str]:
    """One sentence for each rule that can never pass; a policy that has any approves nothing."""
    return [f"{rule.id}: {fault}" for rule in policy.rules for fault in _faults(rule, policy.evaluation)]


def _faults(rule: Rule, spec: EvaluationSpec) -> Iterator[str]:
    for attributes in _groupings(rule):
        if unknown := sorted(attributes - set(spec.attributes)):
            yield f"{', '.join(unknown)} is no attribute that the policy measures"
        elif len(attributes) > spec.depth:
            yield f"the policy measures intersections of {spec.depth} attributes, not of {len(attributes)}"
    match rule:
        case CalibrationRule():
            if "calibration_error" not in (spec.scores or ()):
                yield "the policy does not measure calibration_error among its scores"
        case ChampionRule() | RepairCostRule() if rule.metric == "precision":
            yield "two models' precision is over different samples, so that it has no paired change"
        case (
            FloorRule()
            | WorstGroupRule()
            | GapRule()
            | RatioRule()
            | CeilingRule()
            | CoverageRule()
            | ChampionRule()
            | RepairCostRule()
        ) if rule.metric not in (*spec.metrics, *(spec.scores or ())):
            yield f"the policy does not measure {rule.metric}"
        case _:
            return


def _groupings(rule: Rule) -> Iterator[set[str]]:
    """The sets of attributes whose subgroups a rule looks at."""
    match rule:
        case WorstGroupRule() | GapRule() | RatioRule():
            yield set(rule.attribute.split("*"))
        case CalibrationRule() | CeilingRule() | ChampionRule():
            yield set(rule.attribute.split("*")) if rule.attribute else set()
        case CoverageRule():
            yield set(rule.attribute.split("*")) if rule.attribute else set()
            yield from (set(subgroup) for subgroup in rule.subgroups)
        case RepairCostRule():
            yield set(rule.subgroup)
        case _:
            return
