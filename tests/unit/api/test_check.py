"""``biasgate.check`` says what the gate would, of the rules that an evaluation can tell about."""

from datetime import UTC, datetime

import numpy as np
import pytest

import biasgate
from biasgate.contracts.evaluation import Evaluation
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.rules.gap import GapRule

POLICY = """
schema: biasgate/policy/v1
name: loans
evaluation: {metrics: [accuracy], attributes: [sex], minimum: 20}
weight_scan: {flag_levels: [high], on_flag: reject, on_abstain: require_human}
rules:
  - {id: floor, kind: floor, min: 0.7}
  - {id: gap, kind: gap, attribute: sex, max: 0.1}
  - {id: parity, kind: onnx_parity, max: 1.0e-4}
  - {id: champion, kind: champion, max: 0.05}
looks: 1
"""


def evaluated(*, rows: int, right: tuple[float, float]) -> biasgate.Evaluation:
    """Accuracies ``right`` of two subgroups with ``rows`` each."""
    wrong = [np.arange(rows) >= round(share * rows) for share in right]
    truth = np.arange(2 * rows) % 2
    sex = ["female"] * rows + ["male"] * rows
    return biasgate.evaluate(y_true=truth, y_pred=truth ^ np.concatenate(wrong), attributes={"sex": sex}, policy=POLICY)


@pytest.mark.parametrize(
    ("rows", "right", "outcome"),
    [(2000, (0.9, 0.9), "pass"), (2000, (0.9, 0.7), "fail"), (60, (0.9, 0.9), "insufficient")],
)
def test_a_check_finds_what_the_gate_finds(rows: int, right: tuple[float, float], outcome: str) -> None:
    evaluation = evaluated(rows=rows, right=right)
    found = biasgate.check(evaluation, POLICY)
    subject = Subject(name="m", source="s", digest=evaluation.model, training_data="t", submitter="me")
    as_run = Evaluation.parse(evaluation.to_json()).model_copy(update={"provider": "CPUExecutionProvider"})
    evidence = Evidence(candidate=subject, evaluation=as_run, looks=1, parity=0.0, code="test")
    decision = decide(biasgate.load_policy(POLICY), evidence, (), datetime.now(UTC))
    assert found.outcome == outcome
    told = {result.rule: result for result in decision.rules if result.rule in ("floor", "gap")}
    assert {result.rule: result for result in found.rules} == told


def test_rules_about_what_was_not_measured_are_not_checked() -> None:
    found = biasgate.check(evaluated(rows=2000, right=(0.9, 0.9)), POLICY)
    assert [rule.rule for rule in found.rules] == ["floor", "gap"]
    unchecked = " ".join(found.unchecked)
    assert all(f"({rule})" in unchecked for rule in ("parity", "champion", "weight_scan", "looks"))
    assert "takes no predictions alone" in unchecked


def test_as_many_more_units_as_it_says_settle_a_rule() -> None:
    few = biasgate.check(evaluated(rows=60, right=(0.9, 0.9)), POLICY)
    (settling,) = few.settle
    assert settling.more
    rows = (settling.clusters + settling.more) // 2
    assert biasgate.check(evaluated(rows=rows, right=(0.9, 0.9)), POLICY).outcome == "pass"


def test_no_units_are_said_to_help_when_the_measured_value_is_outside() -> None:
    (settling,) = biasgate.check(evaluated(rows=60, right=(0.9, 0.77)), POLICY).settle[-1:]
    assert settling.more is None
    assert "would not make it pass" in settling.sentence


def test_too_few_units_are_told_with_how_many_would_do() -> None:
    found = biasgate.check(evaluated(rows=15, right=(0.9, 0.9)), POLICY)
    gap = next(one for one in found.settle if one.rule == "gap")
    assert gap.sentence == "5 more clusters would do."


def test_a_check_says_that_it_is_unsigned_in_text_and_in_a_notebook() -> None:
    found = biasgate.check(evaluated(rows=60, right=(0.9, 0.9)), POLICY)
    assert "unsigned" in str(found)
    assert repr(found) == str(found)
    assert "unsigned" in found._repr_html_()


def test_an_evaluation_of_something_else_is_refused() -> None:
    evaluation = biasgate.evaluate(y_true=[0, 1] * 50, y_pred=[0, 1] * 50, attributes={"sex": ["f", "m"] * 50})
    with pytest.raises(biasgate.InputError, match="measured something else than the policy asks"):
        biasgate.check(evaluation, POLICY)


@pytest.mark.parametrize(("women", "men"), [((399, 400), (396, 400)), ((88, 100), (270, 300))])
def test_as_many_clusters_as_it_says_settle_a_gap_in_four_of_five_draws(women, men) -> None:
    """Near one too, and where one subgroup is a third of the other: by draws of counts at the rates measured."""
    from biasgate.statistics.two_rates import count_point, difference_limits

    policy = biasgate.load_policy(POLICY.replace("max: 0.1}", "max: 0.02}" if women[0] > 300 else "max: 0.08}"))
    sides = [(women, "female"), (men, "male")]
    truth = np.arange(women[1] + men[1]) % 2
    evaluation = biasgate.evaluate(
        y_true=truth,
        y_pred=truth ^ [int(row >= right) for (right, rows), _ in sides for row in range(rows)],
        attributes={"sex": [sex for (_, rows), sex in sides for _ in range(rows)]},
        policy=policy,
    )
    gap = next(rule for rule in policy.rules if isinstance(rule, GapRule))
    (settling,) = [one for one in biasgate.check(evaluation, policy).settle if one.rule == "gap"]
    assert settling.more is not None
    times = (settling.clusters + settling.more) / settling.clusters
    sizes = [int(np.ceil(times * rows)) for (_, rows), _ in sides]
    drawn = np.random.default_rng(3).binomial(sizes, [right / rows for (right, rows), _ in sides], size=(600, 2))
    points = [[count_point(*count, confidence=0.95) for count in zip(pair, sizes, strict=True)] for pair in drawn]
    bounds = [np.abs(difference_limits(*pair)).max() for pair in points]
    assert np.mean(np.array(bounds) <= gap.max) == pytest.approx(0.8, abs=0.05)
