"""What looks like more evidence than it is: a truth that is always the same, samples that are copies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd
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
predictions: allowed
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


def people(rows: int, *, times: int = 1) -> tuple[Dataset, np.ndarray]:
    """Different people, each there so many times, in mixed order and under an own cluster; and who is which."""
    draw = np.random.default_rng(3)
    features = draw.normal(size=(rows, 3)).astype(np.float32)
    who = draw.permutation(np.repeat(np.arange(rows), times))
    one = Dataset(
        samples=features[who],
        labels=who // 2 % 2,
        classes=("no", "yes"),
        attributes=pd.DataFrame({"sex": np.array(["f", "m"])[who % 2]}),
        clusters=np.arange(len(who)),
    )
    return one, who


def judged(data: Dataset, said: np.ndarray, rule: str = RULES["floor"]) -> tuple[Decision, Evaluation]:
    rules = policy(rule)
    measured = measure(said, data, rules.evaluation, model="m", provider="p")
    return of(rules, measured), measured


def bounds(measured: Evaluation) -> list[float]:
    """Of every rate and gap that has some."""
    return [end for one in (*measured.cells, *measured.gaps) for end in one.bounds or ()]


@pytest.mark.parametrize("rule", ["{kind: floor, min: 0.95}", RULES["worst_group"], RULES["gap"]])
def test_fifty_people_copied_twenty_times_are_fifty(rule):
    """Of 50 without an error no floor above .93 is certified, and 25 of each sex are too few."""
    copied, who = people(50, times=20)
    decision, measured = judged(copied, copied.labels, rule)
    assert decision.verdict == "INSUFFICIENT_EVIDENCE"
    assert (measured.rows, measured.clusters, measured.copies) == (1000, 50, 950)
    named = judged(replace(copied, clusters=who), copied.labels)[1]
    assert bounds(measured) == pytest.approx(bounds(named), abs=1e-12)
    assert named.copies is None
    assert judged(people(1000)[0], people(1000)[0].labels, rule)[0].verdict == "APPROVED"


def test_people_who_are_alike_count_each_where_the_source_tells_them_apart():
    copied, _ = people(50, times=20)
    decision, measured = judged(replace(copied, clusters_declared=True), copied.labels)
    assert decision.verdict == "APPROVED"
    assert (measured.clusters, measured.copies) == (1000, None)


def test_clusters_that_share_a_copy_are_one():
    once, _ = people(40)
    twice = once.take(np.tile(np.arange(40), 2))
    copied = replace(twice, clusters=np.concatenate([np.arange(40) // 2, 20 + np.arange(40)]))
    assert judged(copied, copied.labels)[1].clusters == 20


def test_samples_that_differ_in_attributes_or_label_are_no_copies():
    once, _ = people(400)
    twice = replace(once.take(np.tile(np.arange(400), 2)), clusters=np.arange(800))
    sex = pd.DataFrame({"sex": [*once.attributes["sex"], *["x"] * 400]})
    for other in (replace(twice, attributes=sex), replace(twice, labels=np.r_[once.labels, 1 - once.labels])):
        assert judged(other, other.labels)[1].clusters == 800
    assert judged(twice, twice.labels)[1].clusters == 400


def test_people_whom_few_values_make_alike_count_each():
    alike = people(1000)[0]
    coarse = replace(alike, samples=np.sign(alike.array[:, :1]))
    measured = judged(coarse, coarse.labels)[1]
    assert (measured.clusters, measured.copies, measured.alike) == (1000, None, 992)
    shuffled = coarse.take(np.random.default_rng(0).permutation(1000))
    assert bounds(judged(shuffled, shuffled.labels)[1]) == bounds(measured)


def test_predictions_alone_tell_nothing_of_copies():
    rules, mixed = policy(RULES["floor"]), np.arange(1200) // 2 % 2
    found = decided(rules, mixed, mixed)
    assert found.verdict == "APPROVED"
