from datetime import UTC, datetime

import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.measure import measure
from biasgate.evaluation.swaps import swap_rate
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy import read_policy

SPEC = EvaluationSpec(attributes=("colour",), minimum=2)


def test_only_units_that_differ_in_the_attribute_alone_count(dataset_of):
    """Cluster 0 is swapped, 1 is not; 2 changes its label, 3 keeps its colour, 4 has one row."""
    dataset = dataset_of(
        clusters=[0, 0, 1, 1, 2, 2, 3, 3, 4],
        labels=[0, 0, 1, 1, 0, 1, 2, 2, 0],
        colour=["r", "g", "r", "g", "r", "g", "r", "r", "g"],
    )
    found = swap_rate(dataset, SPEC, np.array([0, 1, 1, 1, 0, 1, 0, 1, 2]))
    assert (found.value, found.n) == (0.5, 2)


def test_a_unit_of_several_labels_counts_once(dataset_of):
    dataset = dataset_of(clusters=[0] * 4 + [1] * 4, labels=[0, 0, 1, 1] * 2, colour=["r", "g"] * 4)
    found = swap_rate(dataset, SPEC, np.array([0, 1, 1, 1, 0, 0, 1, 1]))
    assert (found.value, found.n) == (0.5, 2)


def test_without_enough_pairs_there_is_no_swap_rate(dataset_of):
    dataset = dataset_of(labels=[0, 0, 1], colour=["r", "g", "r"])
    assert swap_rate(dataset, SPEC, np.array([0, 0, 1])) is None


@pytest.mark.parametrize(
    ("swapped", "pairs", "verdict"),
    [(0, 36, "APPROVED"), (0, 35, "INSUFFICIENT_EVIDENCE"), (4, 100, "APPROVED"), (20, 100, "REJECTED")],
)
def test_a_policy_may_bound_the_swap_rate_of_pairs_whose_flips_cancel(dataset_of, swapped, pairs, verdict):
    """Of 36 pairs without a flip the bound is 1 − .025^(1/36) = .097; half of the flips go either way, so no gap is."""
    policy = read_policy(
        "name: p\nevaluation: {attributes: [colour]}\n"
        "weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}\n"
        "rules: [{id: swaps, kind: swap_rate, max: 0.1}]\nlooks: 1\n"
    )
    dataset = dataset_of(
        clusters=np.repeat(np.arange(pairs), 2), labels=np.repeat(np.arange(pairs) % 2, 2), colour=["r", "g"] * pairs
    )
    said = dataset.labels.copy()
    flipped = np.arange(swapped)
    said[2 * flipped + flipped // 2 % 2] ^= 1
    measured = measure(said, dataset, policy.evaluation, model="m", provider="p")
    subject = Subject(name="m", source="s", digest="m", training_data="t", submitter="me")
    evidence = Evidence(candidate=subject, evaluation=measured, looks=1, code="t")
    assert decide(policy, evidence, (), datetime.now(UTC)).verdict == verdict
