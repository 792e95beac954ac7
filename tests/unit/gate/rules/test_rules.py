from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from biasgate.contracts.estimate import Estimate
from biasgate.evaluation.measure import measure
from biasgate.gate.decide import decide
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Champion, Evidence
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import read_policy

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_candidate_that_passes_every_kind_of_rule_is_approved(asked, rich):
    decision = decide(asked, rich(), (), AT)
    assert {r.rule: r.outcome for r in decision.rules if r.outcome != "pass"} == {}
    assert decision.verdict == "APPROVED"


@pytest.mark.parametrize("rule", ["floor", "worst", "gap", "ratio", "calibration", "champion", "latency"])
def test_a_rule_that_estimates_tells_value_bound_threshold_units_and_method(result, rich, rule):
    found = result(rule, rich())
    assert None not in (found.value, found.bound, found.threshold, found.n, found.method)


@pytest.mark.parametrize(
    ("rule", "method"),
    [
        ("floor", "clopper-pearson"),
        ("gap", "worst share, clopper-pearson"),
        ("ratio", "worst share, clopper-pearson"),
        ("champion", "square-and-add, clopper-pearson"),
    ],
)
def test_the_method_is_that_of_the_bound_and_not_of_the_interval_reported_beside_it(result, rich, rule, method):
    assert result(rule, rich()).method == method


def undeclared(part: Any) -> Any:
    """A document as it was written before estimates named the method of the bounds beside them."""
    if isinstance(part, dict):
        return {key: undeclared(value) for key, value in part.items() if key != "decided_by"}
    return [undeclared(value) for value in part] if isinstance(part, list) else part


def test_evidence_from_before_estimates_named_what_decides_gives_the_same_results(asked, rich):
    older = Evidence.build(undeclared(json.loads(rich().to_json())), where="test")
    assert older != rich()
    assert decide(asked, older, (), AT).rules == decide(asked, rich(), (), AT).rules


def test_every_estimate_beside_bounds_names_the_method_that_decides(good):
    parts = (*good.cells, *good.gaps, *good.ratios, *good.scores, *good.champion.changes)
    assert {part.metric for part in parts if part.bounds and not part.estimate.decided_by} == set()


def test_a_ratio_is_judged_by_its_bound_and_its_violation_is_bias(result, rich, measured):
    unequal = rich(evaluation=measured(women_chosen=False))
    failed = result("ratio", unequal)
    assert (failed.outcome, failed.bias) == ("fail", True)
    assert failed.sentence.startswith("Selection rate on f samples is .2")
    assert "times that on m ones; the policy asks for .70." in failed.sentence
    assert result("ratio", rich(), min=0.95).outcome == "insufficient"


def test_ratios_that_were_not_measured_are_insufficient(result, rich, good):
    assert result("ratio", rich(evaluation=good.model_copy(update={"ratios": None}))).outcome == "insufficient"
    alone = tuple(r for r in good.ratios if r.metric == "accuracy")
    assert result("ratio", rich(evaluation=good.model_copy(update={"ratios": alone}))).outcome == "insufficient"


def test_a_model_that_is_too_sure_fails_calibration(result, rich, measured):
    overconfident = rich(evaluation=measured(women=0.3, sure=0.99))
    failed = result("calibration", overconfident)
    assert failed.outcome == "fail"
    assert "on f samples" in failed.sentence
    assert result("calibration", rich(), max=0.01).outcome == "insufficient"


def test_calibration_that_was_not_measured_in_a_subgroup_is_insufficient(result, rich, good):
    whole = rich(evaluation=good.model_copy(update={"scores": good.scores[:1]}))
    assert result("calibration", whole).outcome == "insufficient"
    assert result("calibration", whole, attribute=None).outcome == "pass"


@pytest.mark.parametrize(("off", "outcome"), [(-0.15, "fail"), (0.0, "pass"), (0.15, "fail")])
def test_risks_may_be_stated_neither_too_low_nor_too_high(rich, people, off, outcome):
    """Signed calibration is held against its margin on both sides of 0."""
    policy = read_policy("""
name: calibrated within groups
evaluation: {scores: [calibration_in_the_large], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: r, kind: calibration, metric: calibration_in_the_large, attribute: sex, max: 0.10}]
looks: 1
""")
    risk = np.clip(np.where(people.labels == 1, 0.8, 0.2) + off, 0, 1)
    female = people.attribute("sex") == "f"
    risk = np.where(female, risk, np.where(people.labels == 1, 0.8, 0.2))
    said = np.stack([1 - risk, risk], axis=1)
    found = measure(
        people.labels, people, policy.evaluation, model="sha256:" + "1" * 64, provider="x", probabilities=said
    )
    (result,) = [one for one in decide(policy, rich(evaluation=found), (), AT).rules if one.rule == "r"]
    assert result.outcome == outcome
    if off:
        assert result.value == pytest.approx(0.15)
        assert f"on f samples is {'-' if off < 0 else ''}.15" in result.sentence


def test_too_few_units_are_no_evidence_and_never_a_violation(result, rich):
    few = result("coverage", rich(), clusters=501)
    assert (few.outcome, few.value, few.n) == ("insufficient", 500, 500)


def test_a_declared_subgroup_that_the_data_lack_is_insufficient(result, rich):
    missing = result("coverage", rich(), subgroups=({"sex": "x"},))
    assert missing.outcome == "insufficient"
    assert "x samples" in missing.sentence


def test_a_candidate_worse_than_the_champion_fails_where_it_is_worse(result, rich, measured):
    worse = result("champion", rich(evaluation=measured(women=0.2)))
    assert worse.outcome == "fail"
    assert worse.sentence.startswith("Against the champion, version 3, the candidate loses 16 points")
    assert "of accuracy on f samples" in worse.sentence


def test_a_loss_near_the_margin_is_neither_passed_nor_failed(result, rich, measured):
    assert result("champion", rich(evaluation=measured(women=0.09))).outcome == "insufficient"


def test_the_first_model_has_no_champion_to_lose_against(result, rich, good):
    alone = good.model_copy(update={"champion": None})
    assert result("champion", rich(champion=None, evaluation=alone)).outcome == "pass"


def test_a_champion_that_left_while_the_candidate_was_measured_is_insufficient(result, rich):
    assert result("champion", rich(champion=None)).outcome == "insufficient"


def test_a_champion_that_was_not_measured_beside_the_candidate_is_insufficient(result, rich, good):
    assert result("champion", rich(champion=Champion(version="4", digest="sha256:new"))).outcome == "insufficient"
    assert result("champion", rich(evaluation=good.model_copy(update={"champion": None}))).outcome == "insufficient"
    partial = good.champion.model_copy(update={"changes": good.champion.changes[:1]})
    assert result("champion", rich(evaluation=good.model_copy(update={"champion": partial}))).outcome == "insufficient"


@pytest.mark.parametrize(
    ("rule", "field", "days", "outcome"),
    [
        ("fresh", "evaluation_data_from", 100, "pass"),
        ("fresh", "evaluation_data_from", 101, "fail"),
        ("fresh", "evaluation_data_from", -1, "insufficient"),
        ("fresh_training", "training_data_from", 1001, "fail"),
    ],
)
def test_data_ages_until_the_moment_of_the_decision(result, rich, rule, field, days, outcome):
    assert result(rule, rich(**{field: AT - timedelta(days=days)})).outcome == outcome


@pytest.mark.parametrize(
    ("rule", "missing"),
    [
        ("fresh", "evaluation_data_from"),
        ("fresh_training", "training_data_from"),
        ("size", "size"),
        ("latency", "latency"),
        ("parity", "parity"),
        ("champion", "evaluation"),
        ("calibration", "evaluation"),
        ("coverage", "evaluation"),
    ],
)
def test_what_is_missing_is_insufficient(result, rich, rule, missing):
    assert result(rule, rich(**{missing: None})).outcome == "insufficient"


def parity_of(asked, evidence: Evidence, **fields: Any) -> RuleResult:
    """What the parity rule finds, with other fields than the policy's."""
    (rule,) = (rule.model_copy(update=fields) for rule in asked.rules if rule.kind == "onnx_parity")
    return rule.result(Measurements(evidence, asked.evaluation, at=AT))


def test_parity_does_not_apply_to_a_graph_alone_and_the_decision_says_so(asked, rich):
    alone = rich(parity=None, has_source=False)
    found = parity_of(asked, alone)
    assert (found.outcome, found.value) == ("pass", None)
    assert found.sentence.startswith("Does not apply")
    assert decide(asked, alone, (), AT).verdict == "APPROVED"


@pytest.mark.parametrize("has_source", [True, None])
def test_a_source_that_was_not_compared_or_nobody_looked_for_is_insufficient(asked, rich, has_source):
    assert parity_of(asked, rich(parity=None, has_source=has_source)).outcome == "insufficient"


@pytest.mark.parametrize("has_source", [True, False, None])
def test_a_parity_that_was_measured_is_judged_whatever_is_said_of_a_source(asked, rich, has_source):
    assert parity_of(asked, rich(parity=0.1, has_source=has_source)).outcome == "fail"
    assert parity_of(asked, rich(parity=-0.1, has_source=has_source)).outcome == "insufficient"


def test_a_policy_may_require_a_source(asked, rich):
    required = parity_of(asked, rich(parity=None, has_source=False), source="required")
    assert required.outcome == "insufficient"
    assert "the policy requires one" in required.sentence
    assert parity_of(asked, rich(has_source=True), source="required").outcome == "pass"


def test_a_package_that_is_too_large_fails(result, rich):
    assert result("size", rich(size=1_000_001)).outcome == "fail"
    assert result("size", rich(size=1_000_000)).outcome == "pass"


def test_latency_is_judged_by_the_bounds_of_the_median(result, rich):
    slow = Estimate(value=0.02, low=0.015, high=0.03, n=30, method="order statistics")
    near = slow.model_copy(update={"low": 0.009})
    assert result("latency", rich(latency=slow)).outcome == "fail"
    assert result("latency", rich(latency=near)).outcome == "insufficient"
    assert "20 ms [15 ms, 30 ms]" in result("latency", rich(latency=slow)).sentence


def test_an_insufficient_result_tells_how_many_units_there_are(result, rich, good):
    cells = tuple(
        c.model_copy(update={"clusters": 7, "estimate": None, "bounds": None, "simultaneous": None})
        if c.subgroup == {"sex": "f"}
        else c
        for c in good.cells
    )
    for rule in ("worst", "gap", "ratio"):
        assert result(rule, rich(evaluation=good.model_copy(update={"cells": cells}))).n == 7


def test_a_flag_that_wants_a_person_says_so(asked, rich):
    scan = rich().scan.model_copy(update={"probabilities": {"none": 0.2, "high": 0.8}})
    decision = decide(asked, rich(scan=scan), (), AT)
    (found,) = [r for r in decision.rules if r.rule == "weight_scan"]
    assert decision.human
    assert found.sentence == (
        "Flagged: the weights read as high bias with probability .80; a person must sign before promotion."
    )
