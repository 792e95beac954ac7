"""Subgroups that a rule leaves out, by name with a reason or as too small: the record says which and why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

import biasgate
from biasgate.contracts.evaluation import Evaluation
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy_check import faults

POLICY = """
schema: biasgate/policy/v1
name: left out
evaluation: {{metrics: [accuracy, selection_rate], attributes: [sex, race], depth: 2}}
weight_scan: {{flag_levels: [high], on_flag: ignore, on_abstain: ignore}}
rules: [{rule}]
looks: 1
predictions: allowed
"""
RULES = {
    "gap": "kind: gap, attribute: race, max: 0.1",
    "ratio": "kind: ratio, attribute: race, min: 0.8",
    "worst_group": "kind: worst_group, attribute: race, min: 0.8",
    "coverage": "kind: coverage, attribute: race, clusters: 100",
    "ceiling": "kind: ceiling, metric: false_positive_rate, attribute: race, max: 0.2",
}
Decided = Callable[..., Decision]


def policy(rule: str, more: str = "") -> biasgate.Policy:
    text = POLICY.format(rule=f"{{id: asked, {rule}{more}}}")
    if "false_positive" in rule:
        text = text.replace("selection_rate]", "selection_rate, false_positive_rate]")
    return biasgate.load_policy(text)


@pytest.fixture
def decided() -> Decided:
    """Of a model that is always right on 4,000 people, save for five of race c."""

    def decide_by(rules: biasgate.Policy, *, few: int = 5, right: bool = True) -> Decision:
        race = np.repeat(["a", "b", "c"], [2000, 2000, few])
        truth = np.arange(len(race)) % 2
        evaluation = biasgate.evaluate(
            y_true=truth,
            y_pred=truth if right else np.where(race == "b", 1 - truth, truth),
            attributes=pd.DataFrame({"sex": np.where(np.arange(len(race)) % 4 < 2, "f", "m"), "race": race}),
            policy=rules,
        )
        subject = Subject(name="m", source="s", digest=evaluation.model, training_data="t", submitter="me")
        evidence = Evidence(candidate=subject, evaluation=Evaluation(**dict(evaluation)), looks=1, code="t")
        return decide(rules, evidence, (), datetime.now(UTC))

    return decide_by


@pytest.mark.parametrize("kind", ["gap", "ratio", "worst_group", "coverage", "ceiling"])
@pytest.mark.parametrize("how", [", minimum_share: 0.02", ", omit: [{subgroup: {race: c}, reason: judged by hand}]"])
def test_a_small_subgroup_vetoes_only_where_it_is_not_left_out(kind, how, decided):
    assert decided(policy(RULES[kind])).verdict == "INSUFFICIENT_EVIDENCE"
    decision = decided(policy(RULES[kind], how))
    assert decision.verdict == "APPROVED"
    (result,) = [one for one in decision.rules if one.rule == "asked"]
    (said,) = result.left_out
    assert said.startswith("race = c: ")
    assert said in result.sentence
    assert ("judged by hand" in said) or "less than 2% of the samples" in said


@pytest.mark.parametrize("kind", ["gap", "worst_group"])
def test_what_is_left_out_hides_no_violation_elsewhere(kind, decided):
    assert decided(policy(RULES[kind], ", minimum_share: 0.02"), right=False).verdict == "REJECTED"


def test_a_cell_that_nobody_can_be_in_does_not_veto_for_ever(decided):
    both = "kind: gap, attribute: sex*race, max: 0.1"
    omit = ", omit: [{subgroup: {sex: m, race: c}, reason: nobody can be in it}]"
    few = policy(both), policy(both, omit)
    assert [decided(rules, few=2).verdict for rules in few] == ["INSUFFICIENT_EVIDENCE", "INSUFFICIENT_EVIDENCE"]
    assert decided(policy(both, omit.replace("sex: m, ", "")), few=2).verdict == "APPROVED"
    assert decided(policy(both, ", minimum_share: 0.01"), few=2).verdict == "APPROVED"


def test_one_subgroup_alone_is_compared_with_nobody(decided):
    found = decided(
        policy(RULES["gap"], ", omit: [{subgroup: {race: a}, reason: r}, {subgroup: {race: b}, reason: r}]")
    )
    assert found.verdict == "INSUFFICIENT_EVIDENCE"
    assert any("Fewer than two subgroups" in reason for reason in found.reasons)


def test_a_share_counts_the_samples_that_the_metric_is_over(decided):
    """2.5 % of the positives are more than 2 % of them, whatever the share of all rows."""
    found = decided(policy(RULES["gap"], ", minimum_share: 0.02"), few=100)
    assert found.verdict == "APPROVED"
    assert all(one.left_out is None for one in found.rules)


def test_the_policy_says_in_words_what_is_not_judged_and_checks_it():
    rules = policy(RULES["gap"], ", minimum_share: 0.02, omit: [{subgroup: {race: c}, reason: judged by hand}]")
    said = rules.rules[0].explained()
    assert "Subgroups with less than 2% of the samples are not judged." in said
    assert "Not judged: c (judged by hand)." in said
    assert faults(rules) == []
    assert "omits subgroups by sex" in faults(policy(RULES["gap"], ", omit: [{subgroup: {sex: f}, reason: r}]"))[0]


@pytest.mark.parametrize(
    "wrong", ["omit: [{subgroup: {race: c}}]", "omit: [{subgroup: {}, reason: r}]", "minimum_share: 0.9"]
)
def test_leaving_out_without_a_reason_or_too_much_is_refused(wrong):
    with pytest.raises(InputError):
        policy(RULES["gap"], f", {wrong}")
