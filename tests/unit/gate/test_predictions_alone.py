"""Predictions without their model decide only where the policy says so, and the decision says that no model was run."""

from datetime import UTC, datetime

import pytest

from biasgate.contracts.evaluation import PREDICTIONS
from biasgate.contracts.scan import unread
from biasgate.documents import digest
from biasgate.gate.decide import decide
from biasgate.gate.policy import Policy, built_in_policies, read_policy

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def allowing(policy: Policy) -> Policy:
    return policy.model_copy(update={"predictions": "allowed"})


def handed_over(make, evidence, aligned: float = 0.97, conflicting: float = 0.95):
    measured = make.evaluation(aligned, conflicting).model_copy(update={"provider": PREDICTIONS})
    return evidence(evaluation=measured, scan=unread(make.MODEL, reason="there are predictions and no weights"))


def test_no_policy_takes_predictions_unless_it_says_so(make, evidence, policy):
    decision = decide(policy, handed_over(make, evidence), (), AT)
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert "the model was not run" in decision.reasons[0].lower()
    assert "does not allow" in decision.reasons[0]


@pytest.mark.parametrize("name", built_in_policies())
def test_no_built_in_policy_allows_them(name):
    assert read_policy(name).predictions is None


def test_a_policy_that_says_nothing_of_predictions_keeps_its_digest(policy):
    assert b"predictions" not in policy.to_json()
    assert digest(policy) != digest(policy.model_copy(update={"predictions": "allowed"}))


def test_where_they_are_allowed_the_decision_says_that_the_model_was_not_run(make, evidence, allowing):
    decision = decide(allowing, handed_over(make, evidence), (), AT)
    (said,) = [result for result in decision.rules if result.rule == "evaluation"]
    assert said.outcome == "pass"
    assert said.sentence.startswith("The model was not run.")


def test_a_model_that_was_run_is_not_said_to_be_unseen(evidence, allowing):
    assert not any("not run" in sentence for sentence in decide(allowing, evidence(), (), AT).reasons)


def test_what_is_no_model_is_not_repaired(make, evidence, allowing):
    rejected = decide(allowing, handed_over(make, evidence, 0.99, 0.31), (), AT)
    assert rejected.verdict == "REJECTED"
    assert not rejected.repairable
    assert decide(allowing, evidence(aligned=0.99, conflicting=0.31), (), AT).repairable
