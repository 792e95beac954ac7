"""What of a decision Kubeflow shows, and how a run may end by it."""

from datetime import UTC, datetime

import pytest

from biasgate.errors import BiasgateError
from biasgate.gate.decision import Decision, Outcome, RuleResult, Verdict
from biasgate.kubeflow.steps.approval import require_approval
from biasgate.kubeflow.steps.headline import about, decision_numbers, held_out_numbers

AT = datetime(2026, 11, 30, tzinfo=UTC)


def decision(verdict: Verdict, *rules: RuleResult, reasons: tuple[str, ...] = ("because",)) -> Decision:
    return Decision(
        verdict=verdict, reasons=reasons, rules=rules, policy="sha256:p", evidence="sha256:e", at=AT, expires=AT
    )


def rule(name: str, outcome: Outcome, bound: float | None, threshold: float | None = 0.1) -> RuleResult:
    return RuleResult(rule=name, outcome=outcome, value=0.05, bound=bound, threshold=threshold, sentence="-")


def test_the_verdict_its_reason_and_the_two_rules_nearest_to_their_limits_are_shown_in_a_few_lines():
    rules = (
        rule("looks", "pass", None, None),
        rule("far", "pass", 0.01),
        rule("near", "pass", 0.09),
        rule("gap", "fail", 0.7),
        rule("floor", "insufficient", 0.2),
    )
    numbers = decision_numbers(decision("REJECTED", *rules, reasons=("the gap is 71 points", "and more")))
    assert (numbers["verdict"], numbers["reason"]) == ("REJECTED", "the gap is 71 points")
    assert (numbers["rules failed"], numbers["rules open"]) == (1, 1)
    assert (numbers["gap bound"], numbers["gap limit"]) == (0.7, 0.1)
    assert {name.split()[0] for name in numbers if name.endswith("bound")} == {"gap", "floor"}
    assert len(numbers) <= 10


def test_of_an_approval_the_tightest_rules_are_shown():
    numbers = decision_numbers(decision("APPROVED", rule("far", "pass", 0.01), rule("near", "pass", 0.09), reasons=()))
    assert [name for name in numbers if name.endswith("bound")] == ["near bound", "far bound"]
    assert numbers["reason"]


def test_a_rule_whose_limit_is_zero_is_shown_as_well():
    numbers = decision_numbers(decision("REJECTED", rule("none", "fail", 0.2, threshold=0.0)))
    assert numbers["none limit"] == 0


@pytest.mark.parametrize(("verdict", "code"), [("REJECTED", 4), ("INSUFFICIENT_EVIDENCE", 5), ("UNHEARD_OF", 1)])
def test_a_run_that_must_fail_unless_approved_ends_with_its_verdict(verdict, code):
    with pytest.raises(BiasgateError, match=f"{verdict}: too wide a gap") as raised:
        require_approval(verdict, "too wide a gap")
    assert raised.value.exit_code == code


def test_an_approval_ends_well():
    require_approval("APPROVED", "every rule passes")


def test_of_a_meta_classifier_its_outcome_and_a_few_scores_are_shown():
    scores = {"levels": 0.74, "rmse": 0.8, "kappa": 0.9, **{f"shortcut_{number}_levels": 0.3 for number in range(40)}}
    shown = held_out_numbers(scores, "champion")
    assert shown == {"outcome": "champion", "levels": 0.74, "rmse": 0.8}


def test_an_artifact_says_whom_it_is_about_and_links_to_the_page_in_mlflow_where_that_is_known(monkeypatch):
    held = {"digest": "sha256:d", "gate": 3, "run": "r"}
    monkeypatch.delenv("BIASGATE_MLFLOW_UI", raising=False)
    known = {"candidate": "models:/digits-candidates/7", "digest": "sha256:d", "gate_entry": 3, "mlflow_run": "r"}
    assert about("models:/digits-candidates/7", **held) == known
    monkeypatch.setenv("BIASGATE_MLFLOW_UI", "https://mlflow.example/")
    page = about("models:/digits-candidates/7", **held)["mlflow_page"]
    assert page == "https://mlflow.example/#/models/digits-candidates/versions/7"
