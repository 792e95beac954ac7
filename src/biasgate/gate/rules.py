"""One function a kind of rule: what the evidence says, held against the margin."""

from __future__ import annotations

from biasgate.evaluation.schema import EvaluationSpec
from biasgate.gate import measured as find
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Evidence
from biasgate.gate.judgement import Judgement, at_least, at_most
from biasgate.gate.measured import Measured, Missing
from biasgate.gate.policy import FloorRule, GapRule, ParityRule, RepairCostRule, Rule, WorstGroupRule
from biasgate.gate.wording import group, name, points, rate, samples


def check(rule: Rule, evidence: Evidence, spec: EvaluationSpec) -> RuleResult:
    """What one rule finds; a number that is missing makes it insufficient."""
    try:
        match rule:
            case FloorRule():
                return floor(rule, evidence, spec)
            case WorstGroupRule():
                return worst_group(rule, evidence, spec)
            case GapRule():
                return gap(rule, evidence, spec)
            case RepairCostRule():
                return repair_cost(rule, evidence)
            case ParityRule():
                return onnx_parity(rule, evidence)
    except Missing as missing:
        return RuleResult(rule=rule.id, outcome="insufficient", sentence=str(missing))


def floor(rule: FloorRule, evidence: Evidence, spec: EvaluationSpec) -> RuleResult:
    """The metric's lower bound over the whole set."""
    found = find.whole(evidence, metric=rule.metric, spec=spec)
    judgement = at_least([found], rule.min)
    sentence = f"{name(rule.metric)} is {found.as_rate()}; the policy asks for {rate(rule.min)}."
    return _result(rule.id, judgement, found, threshold=rule.min, sentence=sentence)


def worst_group(rule: WorstGroupRule, evidence: Evidence, spec: EvaluationSpec) -> RuleResult:
    """The smallest lower bound over the subgroups."""
    groups = find.subgroups(evidence, metric=rule.metric, attribute=rule.attribute, spec=spec)
    judgement = at_least([found for _, found in groups], rule.min)
    subgroup, found = groups[judgement.index]
    sentence = (
        f"{name(rule.metric)} on {samples(subgroup)} is {found.as_rate()}; "
        f"the policy asks for {rate(rule.min)} in every subgroup."
    )
    return _result(rule.id, judgement, found, threshold=rule.min, sentence=sentence, bias=True)


def gap(rule: GapRule, evidence: Evidence, spec: EvaluationSpec) -> RuleResult:
    """The largest upper bound over all pairs of subgroups."""
    pairs = find.gaps(evidence, metric=rule.metric, attribute=rule.attribute, spec=spec)
    judgement = at_most([found for _, found in pairs], rule.max)
    widest, found = pairs[judgement.index]
    groups = find.subgroups(evidence, metric=rule.metric, attribute=rule.attribute, spec=spec)
    lower = next(cell for subgroup, cell in groups if subgroup == widest.lower)
    sentence = (
        f"{name(rule.metric)} on {samples(widest.lower)} is {lower.as_rate()}, {found.as_points()} "
        f"below {group(widest.higher)} ones; the policy allows {points(rule.max)}."
    )
    return _result(rule.id, judgement, found, threshold=rule.max, sentence=sentence, bias=True)


def repair_cost(rule: RepairCostRule, evidence: Evidence) -> RuleResult:
    """The upper bound of what the repair cost; a candidate that was never repaired paid nothing."""
    if evidence.repair is None and evidence.candidate.repaired_from is None:
        return RuleResult(rule=rule.id, outcome="pass", threshold=rule.max, sentence="The candidate was not repaired.")
    found = find.loss(evidence, metric=rule.metric, subgroup=rule.subgroup)
    judgement = at_most([found], rule.max)
    sentence = (
        f"The repair cost {found.as_points()} of {name(rule.metric).lower()} on {samples(rule.subgroup)} "
        f"(n = {found.n}); the policy allows {points(rule.max)}."
    )
    return _result(rule.id, judgement, found, threshold=rule.max, sentence=sentence)


def onnx_parity(rule: ParityRule, evidence: Evidence) -> RuleResult:
    """The largest difference of logits; measured, not estimated, so it has no bounds."""
    if evidence.parity is None or evidence.parity < 0:
        raise Missing("The ONNX form was not compared with its source.")
    return RuleResult(
        rule=rule.id,
        outcome="pass" if evidence.parity <= rule.max else "fail",
        value=evidence.parity,
        threshold=rule.max,
        sentence=f"The ONNX form's logits differ from its source's by at most {evidence.parity:.1g}; "
        f"the policy allows {rule.max:.1g}.",
    )


def _result(
    rule: str, judgement: Judgement, found: Measured, *, threshold: float, sentence: str, bias: bool = False
) -> RuleResult:
    return RuleResult(
        rule=rule,
        outcome=judgement.outcome,
        value=found.value,
        bound=judgement.bound,
        threshold=threshold,
        n=found.n,
        method=found.method,
        sentence=sentence,
        bias=bias,
    )
