"""Rules about a multi-label model: one label, or every one of them."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from biasgate.data.dataset import Dataset
from biasgate.evaluation.measure import Earlier, measure
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.measurements import Measurements
from biasgate.gate.policy import read_policy

POLICY = """
name: labels
evaluation: {metrics: [accuracy], scores: [calibration_error], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules:
  - {id: floor, kind: floor, min: 0.8}
  - {id: worst, kind: worst_group, attribute: sex, min: 0.8}
  - {id: gap, kind: gap, attribute: sex, max: 0.1}
  - {id: ratio, kind: ratio, metric: accuracy, attribute: sex, min: 0.8}
  - {id: calibration, kind: calibration, attribute: sex, max: 0.2}
  - {id: coverage, kind: coverage, attribute: sex, clusters: 400}
  - {id: champion, kind: champion, attribute: sex, max: 0.05}
  - {id: cost, kind: repair_cost, subgroup: {}, max: 0.05}
looks: 1
"""


@pytest.fixture(scope="module")
def evidence():
    """1,000 people; `smile` is right everywhere, `frown` on 60 % of the women."""
    labels = np.random.default_rng(0).integers(0, 2, (1000, 2))
    predictions = labels.copy()
    predictions[:200, 1] = 1 - predictions[:200, 1]
    people = Dataset(
        samples=np.zeros((1000, 1), np.float32),
        labels=labels,
        classes=("smile", "frown"),
        attributes=pd.DataFrame({"sex": np.repeat(["f", "m"], 500)}),
        clusters=np.arange(1000),
    )
    evaluation = measure(
        predictions,
        people,
        read_policy(POLICY).evaluation,
        model="sha256:m",
        provider="cpu",
        probabilities=predictions.astype(float),
        before=Earlier("sha256:b", labels),
    )
    candidate = Subject(
        name="n", source="s", digest="sha256:m", training_data="sha256:t", submitter="ana", repaired_from="sha256:b"
    )
    return Evidence(candidate=candidate, evaluation=evaluation, looks=1, code="0")


def results(evidence, *, label=None):
    policy = read_policy(POLICY)
    found = Measurements(evidence, policy.evaluation, at=datetime(2026, 1, 1, tzinfo=UTC))
    rules = [rule.model_copy(update={"label": label} if label else {}) for rule in policy.rules]
    return {rule.id: rule.result(found) for rule in rules}


def test_without_a_label_the_worst_of_all_decides_and_is_named(evidence):
    found = results(evidence)
    for rule in ("worst", "gap", "ratio", "calibration"):
        assert found[rule].outcome == "fail"
        assert "of frown on f samples" in found[rule].sentence
    assert found["floor"].outcome == "insufficient"
    assert found["floor"].sentence.startswith("Accuracy of frown is .80")
    assert (found["cost"].outcome, found["coverage"].outcome) == ("fail", "pass")
    assert "of accuracy of frown on" in found["cost"].sentence


def test_a_rule_that_names_a_label_looks_at_no_other(evidence):
    found = results(evidence, label="smile")
    assert {found[rule].outcome for rule in ("floor", "worst", "gap", "ratio", "calibration", "cost")} == {"pass"}


def test_a_label_that_was_not_measured_is_never_passed(evidence):
    assert {result.outcome for id, result in results(evidence, label="blink").items() if id != "champion"} == {
        "insufficient"
    }
    hidden = [cell for cell in evidence.evaluation.cells if cell.label == "smile"]
    partial = evidence.evaluation.model_copy(update={"cells": tuple(hidden)})
    found = results(evidence.model_copy(update={"evaluation": partial}))
    assert {found[rule].outcome for rule in ("floor", "worst", "gap", "ratio", "coverage")} == {"insufficient"}
    assert "Accuracy of frown" in found["floor"].sentence
