import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.measure import Earlier, measure
from biasgate.statistics.paired import Pairs, exact_paired, mcnemar, newcombe_paired

SPEC = EvaluationSpec(attributes=("alignment",))


def changes_of(after, before, dataset, spec=SPEC):
    found = measure(after, dataset, spec, model="m", provider="cpu", before=Earlier("sha256:b", before)).changes
    return {tuple(change.subgroup.values()): change for change in found}


def test_a_change_is_paired_on_the_same_rows(twins, biased):
    change = changes_of(twins.labels, biased, twins)["conflicting",]
    right = (biased == twins.labels)[twins.attribute("alignment") == "conflicting"]
    pairs = Pairs.count(np.ones(200, dtype=bool), right)
    assert (change.before, change.after) == (pytest.approx(right.mean()), 1)
    assert (change.estimate.low, change.estimate.high) == pytest.approx(newcombe_paired(pairs, confidence=0.95))
    assert change.bounds == pytest.approx(exact_paired(pairs, confidence=0.95))
    assert change.p_value == pytest.approx(mcnemar(pairs))


def test_undoing_a_change_is_the_same_change_the_other_way(twins, biased):
    there, back = changes_of(twins.labels, biased, twins), changes_of(biased, twins.labels, twins)
    for subgroup, change in there.items():
        assert change.estimate.value == pytest.approx(-back[subgroup].estimate.value)
        assert change.bounds == pytest.approx((-back[subgroup].bounds[1], -back[subgroup].bounds[0]), abs=1e-6)


def test_units_that_repeat_widen_a_change(dataset_of):
    rng = np.random.default_rng(3)
    before = (rng.random(100) < 0.3).astype(int)
    after = np.where(rng.random(100) < 0.5, 0, before)
    once = dataset_of(labels=np.zeros(100), alignment=["x"] * 100)
    copied = dataset_of(labels=np.zeros(400), alignment=["x"] * 400, clusters=np.repeat(np.arange(100), 4))
    plain = changes_of(after, before, once)["x",]
    clustered = changes_of(np.repeat(after, 4), np.repeat(before, 4), copied)["x",]
    assert clustered.estimate.method == "gaffke, clustered, paired"
    assert clustered.estimate.n == 100
    assert clustered.p_value is None
    assert clustered.bounds == pytest.approx(plain.bounds, abs=0.01)


def test_no_difference_anywhere_is_still_uncertain(twins, biased):
    change = changes_of(biased, biased, twins)["aligned",]
    assert change.estimate.value == 0
    assert change.bounds[0] < -0.01 < 0.01 < change.bounds[1]


def test_the_champion_is_compared_like_a_model_before_a_repair(twins, biased):
    found = measure(
        twins.labels,
        twins,
        SPEC,
        model="m",
        provider="cpu",
        before=Earlier("b", biased),
        champion=Earlier("sha256:c", biased),
    )
    assert found.champion.model == "sha256:c"
    assert found.champion.changes == found.changes


def test_what_proves_a_loss_holds_for_all_cells_at_once(twins, biased):
    change = changes_of(biased, twins.labels, twins)["conflicting",]
    right = (biased == twins.labels)[twins.attribute("alignment") == "conflicting"]
    pairs = Pairs.count(right, np.ones(200, dtype=bool))
    assert change.simultaneous == pytest.approx(exact_paired(pairs, confidence=1 - 0.05 / 3))


def test_precision_has_no_paired_change(dataset_of):
    dataset = dataset_of(labels=[0, 1] * 40, classes=("no", "yes"), alignment=["x"] * 80)
    spec = EvaluationSpec(attributes=("alignment",), metrics=("precision", "accuracy"))
    ones = np.ones(80, dtype=np.int64)
    found = measure(ones, dataset, spec, model="m", provider="cpu", before=Earlier("b", ones))
    assert {change.metric for change in found.changes} == {"accuracy"}


def test_insufficient_cells_have_no_change(dataset_of):
    dataset = dataset_of(labels=np.zeros(60), alignment=["x"] * 50 + ["y"] * 10)
    zeros = np.zeros(60, dtype=np.int64)
    assert set(changes_of(zeros, zeros, dataset)) == {(), ("x",)}
