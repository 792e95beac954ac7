"""What every rule must do, whatever it asks: each registered kind is held against its example."""

from __future__ import annotations

import html
import math
from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel, ValidationError
from rule_examples import AT, EXAMPLES, Example

from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.errors import InputError
from biasgate.gate.decide import decide
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Evidence
from biasgate.gate.explain import explain
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import RULES, Policy, read_policy
from biasgate.gate.policy_check import faults
from biasgate.gate.rule import MeasuredRule, Rule
from biasgate.gate.schemas import json_schema
from biasgate.report.decision import decision_report
from biasgate.report.model_card import model_card
from biasgate.report.rules import rule_rows
from biasgate.report.text import unbroken

KINDS = {rule.model_fields["kind"].default: rule for rule in RULES}
MEASURED = [kind for kind, rule in KINDS.items() if issubclass(rule, MeasuredRule)]
CONTRADICTORY = [kind for kind, example in EXAMPLES.items() if example.contradictory]
POLICY = """
name: one rule
evaluation: {{metrics: [accuracy, selection_rate], scores: [calibration_error], attributes: [sex]}}
weight_scan: {{flag_levels: [high], on_flag: require_human, on_abstain: require_human}}
rules: [{rule}]
looks: 2
"""
NOTHING = dict.fromkeys(("evaluation", "parity", "size", "latency", "evaluation_data_from", "training_data_from"))
OTHER = EvaluationSpec(metrics=("false_negative_rate",), attributes=("place",))


def text(example: Example) -> str:
    return POLICY.format(rule=example.rule.replace("{", "{id: asked, ", 1))


@pytest.fixture(params=KINDS)
def example(request: pytest.FixtureRequest) -> Example:
    assert request.param in EXAMPLES, f"add an example of {request.param} to examples.py"
    return EXAMPLES[request.param]


@pytest.fixture
def policy(example: Example) -> Policy:
    return read_policy(text(example))


@pytest.fixture
def rule(policy: Policy) -> Rule:
    return policy.rules[0]


@pytest.fixture
def evidence(rich: Callable[..., Evidence]) -> Callable[..., Evidence]:
    """The usual evidence but for these parts."""

    def build(*, repaired_from: str | None = None, **parts: Any) -> Evidence:
        candidate = rich().candidate.model_copy(update={"repaired_from": repaired_from})
        return rich(candidate=candidate, **parts)

    return build


@pytest.fixture
def good_parts(example: Example, measured: Callable[..., Evaluation]) -> dict[str, Any]:
    return example.good(measured)


@pytest.fixture
def good_evidence(evidence: Callable[..., Evidence], good_parts: dict[str, Any]) -> Evidence:
    return evidence(**good_parts)


@pytest.fixture
def bad_evidence(example: Example, evidence: Callable[..., Evidence], measured: Callable[..., Evaluation]) -> Evidence:
    return evidence(**example.bad(measured))


def found_by(rule: Rule, policy: Policy, evidence: Evidence) -> RuleResult:
    return rule.result(Measurements(evidence, policy.evaluation, at=AT))


def test_it_is_read_from_yaml_as_its_own_kind_and_refuses_what_it_does_not_know(example, policy, rule):
    assert type(rule) in RULES
    assert Policy.parse(policy.to_json(), where="test") == policy
    with pytest.raises(InputError, match="unheard_of"):
        read_policy(text(example).replace("{id: asked", "{id: asked, unheard_of: 1"))


def test_it_passes_what_is_good_and_not_what_is_bad(example, policy, rule, good_evidence, bad_evidence):
    assert found_by(rule, policy, good_evidence).outcome == "pass"
    assert found_by(rule, policy, bad_evidence).outcome == example.verdict


def test_it_decides_with_the_others(policy, rule, good_evidence, bad_evidence):
    decision = decide(policy, good_evidence, (), AT)
    assert "asked" in [result.rule for result in decision.rules]
    assert decide(policy, bad_evidence, (), AT).verdict != "APPROVED"


def test_without_evidence_it_is_insufficient_and_says_what_is_missing(policy, rule, evidence, good_parts):
    result = found_by(rule, policy, evidence(**{**good_parts, **NOTHING}))
    assert (result.outcome, result.bias) == ("insufficient", False)
    assert result.sentence.endswith(".")


def test_its_result_is_honest(rule, policy, good_evidence, bad_evidence):
    """The sentence ends as one and holds the value and the margin, in the cluster of the rule's tables."""
    for evidence in (good_evidence, bad_evidence):
        result = found_by(rule, policy, evidence)
        assert result.rule == "asked"
        assert result.value is not None
        assert result.threshold is not None
        assert result.sentence.endswith(".")
        for number in (result.value, result.threshold):
            assert rule.number(number).split()[0] in result.sentence
        inside = result.bound if result.bound is not None else result.value
        assert (inside <= result.threshold if rule.sign == "≤" else inside >= result.threshold) == (
            result.outcome == "pass"
        )


def with_floats(part: Any, number: float) -> Any:
    """A document in which every number that is not whole is this one; nothing validates it."""
    if isinstance(part, float):
        return number
    if isinstance(part, tuple):
        return tuple(with_floats(one, number) for one in part)
    if isinstance(part, BaseModel):
        return part.model_copy(
            update={name: with_floats(getattr(part, name), number) for name in type(part).model_fields}
        )
    return part


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_numbers_that_are_none_never_pass(policy, rule, good_evidence, number):
    poisoned = with_floats(good_evidence, number)
    with pytest.raises(InputError):
        decide(policy, poisoned, (), AT)
    clean = found_by(rule, policy, good_evidence)
    try:
        result = found_by(rule, policy, poisoned)
    except ValidationError:
        return
    assert result.outcome != "pass" or result == clean, "it passed on a number that it must not believe"


def reversed_bounds(evaluation: Evaluation) -> Evaluation:
    """Every upper bound below its lower one."""

    def turned(part: Any) -> Any:
        if isinstance(part, tuple):
            return tuple(map(turned, part))
        if not isinstance(part, BaseModel):
            return part
        bounds = {
            name: (held[1] + 0.01, held[0] - 0.01)
            for name in ("bounds", "simultaneous")
            if (held := getattr(part, name, None))
        }
        inner = {name: turned(value) for name, value in part if name not in bounds}
        return part.model_copy(update={**inner, **bounds})

    return turned(evaluation)


def twice(evaluation: Evaluation) -> Evaluation:
    """Every number of it two times."""
    lists = ("cells", "gaps", "ratios", "scores", "changes")
    doubled = {name: (getattr(evaluation, name) or ()) * 2 for name in lists}
    champion = evaluation.champion.model_copy(update={"changes": evaluation.champion.changes * 2})
    return evaluation.model_copy(update={**doubled, "champion": champion})


@pytest.mark.parametrize("damage", [reversed_bounds, twice])
def test_an_evaluation_that_contradicts_itself_never_passes(policy, rule, good_evidence, damage):
    damaged = good_evidence.model_copy(update={"evaluation": damage(good_evidence.evaluation)})
    result = found_by(rule, policy, damaged)
    reads_it = isinstance(rule, MeasuredRule) and (damage is twice or found_by(rule, policy, good_evidence).bound)
    assert result.outcome == ("insufficient" if reads_it else "pass")


@pytest.mark.parametrize("example", CONTRADICTORY, indirect=True)
def test_a_fact_that_cannot_be_true_never_passes(example, policy, rule, evidence):
    assert found_by(rule, policy, evidence(**example.contradictory)).outcome == "insufficient"


def test_it_is_explained_with_its_power(policy, rule):
    (explained,) = explain(policy, sizes=(100, 400, 1600, 6400)).rules
    assert (explained.id, explained.kind) == ("asked", rule.kind)
    assert explained.words == rule.explained()
    assert explained.words.endswith(".")
    assert bool(explained.power) == (explained.needs is not None)
    for of in explained.power:
        values = [certified.value for certified in of.certifies if certified.value is not None]
        better = values if explained.needs.endswith("≤") else values[::-1]
        assert better == sorted(better), "more clusters certify less"
        assert values
        assert of.enough is None or of.enough > 1


def test_the_check_of_a_policy_finds_it_sound_only_where_it_is_measured(policy, rule):
    assert faults(policy) == []
    elsewhere = list(rule.faults(OTHER))
    assert bool(elsewhere) == isinstance(rule, MeasuredRule)
    assert not any(fault.endswith(".") for fault in elsewhere)


@pytest.mark.parametrize("example", MEASURED, indirect=True)
def test_a_rule_about_labels_says_which(rule):
    assert rule.model_copy(update={"label": "smile"}).explained().endswith("Asked of the label smile.")


def test_the_published_schema_describes_it(policy, rule):
    schema = json_schema("policy")
    described = schema["$defs"][type(rule).__name__]
    assert schema["properties"]["rules"]["items"]["discriminator"]["mapping"][rule.kind].endswith(type(rule).__name__)
    assert described["description"].strip()
    assert described["additionalProperties"] is False
    jsonschema.validate(policy.model_dump(mode="json", by_alias=True, exclude_none=True), schema)


def test_the_report_and_the_model_card_show_it(policy, rule, bad_evidence):
    decision = decide(policy, bad_evidence, (), AT)
    (result,) = [one for one in decision.rules if one.rule == "asked"]
    (row,) = [one for one in rule_rows(decision, policy) if one.name == "Asked"]
    assert row.sentence == result.sentence
    assert (row.threshold == "") == (result.threshold is None)
    assert row.threshold.startswith(rule.sign) or result.threshold is None
    page = html.unescape(decision_report(decision, bad_evidence, policy))
    assert unbroken(result.sentence) in page
    assert "Asked" in model_card(decision, bad_evidence, policy)
