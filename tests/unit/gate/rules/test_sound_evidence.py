"""Evidence that a model without any use would pass is no evidence: a truth that is always the same."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

import biasgate
from biasgate.contracts.evaluation import Evaluation
from biasgate.data.dataset import Dataset
from biasgate.evaluation.measure import measure
from biasgate.gate.decide import decide
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence, Subject

RULES = {
    "floor": "{kind: floor, min: 0.8}",
    "worst_group": "{kind: worst_group, attribute: sex, min: 0.8}",
    "gap": "{kind: gap, attribute: sex, max: 0.1}",
    "ceiling": "{kind: ceiling, metric: false_negative_rate, attribute: sex, max: 0.2}",
    "coverage": "{kind: coverage, metric: true_positive_rate, attribute: sex, clusters: 100}",
    "ratio": "{kind: ratio, metric: true_positive_rate, attribute: sex, min: 0.8}",
}


def policy(rule: str) -> biasgate.Policy:
    return biasgate.load_policy(f"""
name: p
evaluation: {{metrics: [accuracy, true_positive_rate, false_negative_rate, selection_rate], attributes: [sex]}}
weight_scan: {{flag_levels: [high], on_flag: ignore, on_abstain: ignore}}
rules: [{rule.replace("{", "{id: asked, ", 1)}]
looks: 1
""")


def decided(rules: biasgate.Policy, truth: np.ndarray, said: np.ndarray, classes: list[int] | None = None) -> Decision:
    sex = ["f", "m"] * (len(truth) // 2)
    evaluation = biasgate.evaluate(
        y_true=truth, y_pred=said, classes=classes or [0, 1], attributes={"sex": sex}, policy=rules
    )
    return of(rules, Evaluation(**dict(evaluation)))


def of(rules: biasgate.Policy, evaluation: Evaluation) -> Decision:
    subject = Subject(name="m", source="s", digest=evaluation.model, training_data="t", submitter="me")
    evidence = Evidence(candidate=subject, evaluation=evaluation, looks=1, code="t")
    return decide(rules, evidence, (), datetime.now(UTC))


@pytest.mark.parametrize("kind", RULES)
def test_a_constant_model_is_not_approved_on_a_truth_of_one_class(kind):
    rules, always = policy(RULES[kind]), np.ones(1200, dtype=int)
    found = decided(rules, always, always)
    assert found.verdict == "INSUFFICIENT_EVIDENCE"
    assert "the same for every sample" in found.reasons[0]
    mixed = np.arange(1200) // 2 % 2
    assert decided(rules, mixed, mixed).verdict == "APPROVED"


def test_a_class_more_that_no_sample_has_does_not_make_it_evidence():
    always = np.ones(1200, dtype=int)
    assert decided(policy(RULES["floor"]), always, always).verdict == "INSUFFICIENT_EVIDENCE"


def test_who_is_selected_can_be_judged_without_a_truth():
    """An audit of selections often has none, and writes one value for it."""
    rules = policy("{kind: ratio, attribute: sex, min: 0.8}")
    assert decided(rules, np.zeros(4000, dtype=int), np.arange(4000) // 2 % 2).verdict == "APPROVED"


def test_of_several_labels_the_one_that_never_occurs_is_no_evidence():
    import pandas as pd

    rules = policy("{kind: floor, label: rare, min: 0.8}").model_copy()
    labels = np.stack([np.arange(1200) // 2 % 2, np.zeros(1200, dtype=int)], axis=1)
    data = Dataset(
        samples=np.zeros((1200, 1), np.float32),
        labels=labels,
        classes=("usual", "rare"),
        attributes=pd.DataFrame({"sex": ["f", "m"] * 600}),
        clusters=np.arange(1200),
    )
    measured = measure(labels, data, rules.evaluation, model="m", provider="p")
    found = of(rules, measured)
    assert found.verdict == "INSUFFICIENT_EVIDENCE"
    assert "truth of rare is the same" in found.reasons[0]
    assert of(policy("{kind: floor, label: usual, min: 0.8}"), measured).verdict == "APPROVED"


def test_older_evaluations_that_do_not_tell_their_truth_are_decided_as_they_were():
    rules, always = policy(RULES["floor"]), np.ones(1200, dtype=int)
    evaluation = biasgate.evaluate(
        y_true=always, y_pred=always, classes=[0, 1], attributes={"sex": ["f", "m"] * 600}, policy=rules
    )
    old = Evaluation(**{**dict(evaluation), "truth": None})
    assert of(rules, old).verdict == "APPROVED"
