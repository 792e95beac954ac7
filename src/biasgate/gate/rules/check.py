"""One function a kind of rule: what was measured, held against the margin."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from biasgate.contracts.wording import group, name, points, rate, samples, seconds
from biasgate.gate.decision import RuleResult
from biasgate.gate.policy import (
    CalibrationRule,
    CeilingRule,
    ChampionRule,
    CoverageRule,
    FloorRule,
    FreshnessRule,
    GapRule,
    LatencyRule,
    ParityRule,
    RatioRule,
    RepairCostRule,
    Rule,
    SizeRule,
    WorstGroupRule,
)
from biasgate.gate.rules import facts
from biasgate.gate.rules.judgement import Judgement, at_least, at_most
from biasgate.gate.rules.measured import Measured, Measurements, Missing


def check(rule: Rule, found: Measurements, *, at: datetime) -> RuleResult:
    """What one rule finds at a moment; a number that is missing makes it insufficient."""
    try:
        return _check(rule, found, at=at)
    except Missing as missing:
        return RuleResult(rule=rule.id, outcome="insufficient", n=missing.n, sentence=str(missing))


def _check(rule: Rule, found: Measurements, *, at: datetime) -> RuleResult:
    match rule:
        case FloorRule():
            return floor(rule, found)
        case WorstGroupRule():
            return worst_group(rule, found)
        case GapRule():
            return gap(rule, found)
        case RatioRule():
            return ratio(rule, found)
        case CalibrationRule() | CeilingRule():
            return ceiling(rule, found)
        case CoverageRule():
            return facts.coverage(rule, found)
        case ChampionRule():
            return champion(rule, found)
        case RepairCostRule():
            return repair_cost(rule, found)
        case ParityRule():
            return facts.onnx_parity(rule, found.evidence)
        case FreshnessRule():
            return facts.freshness(rule, found.evidence, at=at)
        case SizeRule():
            return facts.size(rule, found.evidence)
        case LatencyRule():
            return latency(rule, found)


def floor(rule: FloorRule, found: Measurements) -> RuleResult:
    """The metric's lower bound over the whole set."""
    labels = found.labels(rule.label)
    numbers = [found.rate(metric=rule.metric, subgroup={}, label=label) for label in labels]
    judgement = at_least(numbers, rule.min)
    number = numbers[judgement.index]
    sentence = (
        f"{name(rule.metric, labels[judgement.index])} is {number.as_rate()}; the policy asks for {rate(rule.min)}."
    )
    return _result(rule.id, judgement, number, threshold=rule.min, sentence=sentence)


def worst_group(rule: WorstGroupRule, found: Measurements) -> RuleResult:
    """The smallest lower bound over the subgroups."""
    groups = [
        (label, *one)
        for label in found.labels(rule.label)
        for one in found.subgroups(metric=rule.metric, attribute=rule.attribute, label=label)
    ]
    judgement = at_least([number for *_, number in groups], rule.min)
    label, subgroup, number = groups[judgement.index]
    sentence = (
        f"{name(rule.metric, label)} on {samples(subgroup)} is {number.as_rate()}; "
        f"the policy asks for {rate(rule.min)} in every subgroup."
    )
    return _result(rule.id, judgement, number, threshold=rule.min, sentence=sentence, bias=True)


def gap(rule: GapRule, found: Measurements) -> RuleResult:
    """The largest upper bound over all pairs of subgroups."""
    pairs = [
        pair
        for label in found.labels(rule.label)
        for pair in found.gaps(metric=rule.metric, attribute=rule.attribute, label=label)
    ]
    judgement = at_most([number for _, number in pairs], rule.max)
    widest, number = pairs[judgement.index]
    lower = found.rate(metric=rule.metric, subgroup=widest.lower, label=widest.label)
    sentence = (
        f"{name(rule.metric, widest.label)} on {samples(widest.lower)} is {lower.as_rate()}, {number.as_points()} "
        f"below {group(widest.higher)} ones; the policy allows {points(rule.max)}."
    )
    return _result(rule.id, judgement, number, threshold=rule.max, sentence=sentence, bias=True)


def ratio(rule: RatioRule, found: Measurements) -> RuleResult:
    """The smallest lower bound over all pairs of subgroups."""
    pairs = [
        pair
        for label in found.labels(rule.label)
        for pair in found.ratios(metric=rule.metric, attribute=rule.attribute, label=label)
    ]
    judgement = at_least([number for _, number in pairs], rule.min)
    smallest, number = pairs[judgement.index]
    lower = found.rate(metric=rule.metric, subgroup=smallest.lower, label=smallest.label)
    sentence = (
        f"{name(rule.metric, smallest.label)} on {samples(smallest.lower)} is {lower.as_rate()}, {number.as_share()} "
        f"times that on {group(smallest.higher)} ones; the policy asks for {rate(rule.min)}."
    )
    return _result(rule.id, judgement, number, threshold=rule.min, sentence=sentence, bias=True)


def ceiling(rule: CalibrationRule | CeilingRule, found: Measurements) -> RuleResult:
    """The largest upper bound over the whole set and, where an attribute is named, its subgroups."""
    metric = rule.metric if isinstance(rule, CeilingRule) else "calibration_error"
    places = _whole_and_subgroups(found, rule, metric=metric)
    numbers = [found.rate(metric=metric, subgroup=subgroup, label=label) for label, subgroup in places]
    judgement = at_most(numbers, rule.max)
    (label, subgroup), number = places[judgement.index], numbers[judgement.index]
    sentence = (
        f"{name(metric, label)} on {samples(subgroup)} is {number.as_rate()}; the policy allows {rate(rule.max)}."
    )
    return _result(rule.id, judgement, number, threshold=rule.max, sentence=sentence)


def champion(rule: ChampionRule, found: Measurements) -> RuleResult:
    """The largest upper bound of the loss over the whole set and, where an attribute is named, its subgroups."""
    serves, measured = found.evidence.champion, found.evidence.evaluation
    versus = measured.champion if measured else None
    if serves is None and versus is None:
        return RuleResult(rule=rule.id, outcome="pass", threshold=rule.max, sentence="No champion serves yet.")
    if serves is None:
        raise Missing("The candidate was compared with a champion that does not serve any more.")
    if versus is None or versus.model != serves.digest:
        raise Missing(f"The candidate was not compared with the champion, version {serves.version}.")
    places = _whole_and_subgroups(found, rule, metric=rule.metric)
    numbers = [found.champion_loss(metric=rule.metric, subgroup=subgroup, label=label) for label, subgroup in places]
    judgement = at_most(numbers, rule.max)
    (label, subgroup), number = places[judgement.index], numbers[judgement.index]
    sentence = (
        f"Against the champion, version {serves.version}, the candidate loses {number.as_points()} of "
        f"{_inside(rule.metric, label)} on {samples(subgroup)} (n = {number.n}); "
        f"the policy allows {points(rule.max)}."
    )
    return _result(rule.id, judgement, number, threshold=rule.max, sentence=sentence)


def repair_cost(rule: RepairCostRule, found: Measurements) -> RuleResult:
    """The upper bound of what the repair cost; a candidate that was never repaired paid nothing."""
    if found.evidence.repair is None and found.evidence.candidate.repaired_from is None:
        return RuleResult(rule=rule.id, outcome="pass", threshold=rule.max, sentence="The candidate was not repaired.")
    labels = found.labels(rule.label)
    numbers = [found.repair_loss(metric=rule.metric, subgroup=rule.subgroup, label=label) for label in labels]
    judgement = at_most(numbers, rule.max)
    number, what = numbers[judgement.index], _inside(rule.metric, labels[judgement.index])
    sentence = (
        f"The repair cost {number.as_points()} of {what} on {samples(rule.subgroup)} "
        f"(n = {number.n}); the policy allows {points(rule.max)}."
    )
    return _result(rule.id, judgement, number, threshold=rule.max, sentence=sentence)


def latency(rule: LatencyRule, found: Measurements) -> RuleResult:
    """The upper bound of the median time of a sample; n is batches."""
    measured = found.evidence.latency
    if measured is None or not 0 < measured.low <= measured.value <= measured.high:
        raise Missing("The time of a sample was not measured, or over too few batches.")
    bounds = (measured.low, measured.high)
    number = Measured(measured.value, bounds, bounds, measured.n, measured.method)
    low, high = map(seconds, bounds)
    sentence = (
        f"A sample takes {seconds(measured.value)} [{low}, {high}] in the median (n = {measured.n} batches); "
        f"the policy allows {seconds(rule.max)}."
    )
    return _result(rule.id, at_most([number], rule.max), number, threshold=rule.max, sentence=sentence)


def _inside(metric: str, label: str | None) -> str:
    """A metric within a sentence: ``accuracy``, ``true positive rate of AU12``."""
    return name(metric).lower() + (f" of {label}" if label else "")


def _whole_and_subgroups(
    found: Measurements, rule: CalibrationRule | CeilingRule | ChampionRule, *, metric: str
) -> list[tuple[str | None, Mapping[str, str]]]:
    places: list[tuple[str | None, Mapping[str, str]]] = []
    for label in found.labels(rule.label):
        cells = found.cells(metric=metric, attribute=rule.attribute, label=label) if rule.attribute else []
        places += [(label, {}), *((label, cell.subgroup) for cell in cells)]
    return places


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
