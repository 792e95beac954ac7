import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.measure import measure
from biasgate.statistics.paired import Pairs, exact_paired, mcnemar, newcombe_paired
from biasgate.statistics.two_rates import count_point, difference_limits


def gaps_of(predictions, dataset, **spec):
    spec = EvaluationSpec(**{"minimum": 5, **spec})
    return measure(np.asarray(predictions), dataset, spec, model="m", provider="cpu").gaps


def test_twins_are_compared_pair_by_pair(twins, biased):
    (gap,) = gaps_of(biased, twins, attributes=("alignment",))
    right = (biased == twins.labels).reshape(200, 2)
    pairs = Pairs.count(right[:, 0], right[:, 1])
    assert gap.paired
    assert gap.estimate.n == 200
    assert (gap.higher, gap.lower) == ({"alignment": "aligned"}, {"alignment": "conflicting"})
    assert (gap.estimate.low, gap.estimate.high) == pytest.approx(newcombe_paired(pairs, confidence=0.95))
    assert gap.bounds == pytest.approx(exact_paired(pairs, confidence=0.95))
    assert gap.p_value == pytest.approx(mcnemar(pairs))


def test_disjoint_units_are_compared_as_independent(dataset_of):
    dataset = dataset_of(labels=np.zeros(150, int), sex=["f"] * 70 + ["m"] * 80)
    predictions = [0] * 56 + [1] * 14 + [0] * 48 + [1] * 32
    (gap,) = gaps_of(predictions, dataset, attributes=("sex",))
    assert (gap.paired, gap.estimate.method, gap.estimate.n) == (False, "worst share, clopper-pearson", 150)
    limits = difference_limits(count_point(56, 70, confidence=0.95), count_point(48, 80, confidence=0.95))
    assert (gap.estimate.low, gap.estimate.high) == pytest.approx(limits)
    assert gap.bounds == pytest.approx(limits)


def test_repeating_units_widen_a_gap(dataset_of):
    right = np.array([True] * 56 + [False] * 14 + [True] * 48 + [False] * 32)
    sex = np.array(["f"] * 70 + ["m"] * 80)
    (once,) = gaps_of(~right, dataset_of(labels=np.zeros(150), sex=sex), attributes=("sex",))
    tripled = dataset_of(labels=np.zeros(450), sex=np.repeat(sex, 3), clusters=np.repeat(np.arange(150), 3))
    (thrice,) = gaps_of(np.repeat(~right, 3), tripled, attributes=("sex",))
    assert thrice.estimate.method == "worst share, gaffke"
    assert thrice.estimate.n == once.estimate.n == 150
    assert thrice.bounds[1] >= once.bounds[1] - 0.01
    assert thrice.bounds[0] <= once.bounds[0] + 0.01
    assert once.p_value is not None
    assert thrice.p_value >= once.p_value


def test_units_shared_by_some_rows_only_are_not_taken_for_twins(dataset_of):
    dataset = dataset_of(labels=np.zeros(80), sex=["f"] * 40 + ["m"] * 40, clusters=[*range(40), *range(20, 60)])
    (gap,) = gaps_of([0] * 60 + [1] * 20, dataset, attributes=("sex",))
    assert (gap.paired, gap.estimate.method, gap.estimate.n) == (False, "worst share, clopper-pearson", 60)


def test_shared_units_may_widen_what_decides_but_never_narrow_it(dataset_of):
    """Clusters right in one group and wrong in the other move the rates apart; alike clusters give no credit."""
    sex, clusters = np.repeat(["f", "m"], 80), np.tile(np.repeat(np.arange(40), 2), 2)
    half = np.repeat(np.arange(40) % 2, 2)
    apart, alike, disjoint = (
        gaps_of(
            np.concatenate([half, other]), dataset_of(labels=np.zeros(160), sex=sex, clusters=of), attributes=("sex",)
        )
        for other, of in ((1 - half, clusters), (half, clusters), (half, np.repeat(np.arange(80), 2)))
    )
    assert alike[0].bounds == pytest.approx(disjoint[0].bounds)
    assert apart[0].bounds[1] > 1.3 * disjoint[0].bounds[1]


def test_a_small_gap_is_bounded_in_both_directions(dataset_of):
    """All 30 of one group right and 990 of 1,000 of the other: the small group may still be far worse."""
    dataset = dataset_of(labels=np.zeros(1030), sex=["f"] * 30 + ["m"] * 1000)
    (gap,) = gaps_of([0] * 1020 + [1] * 10, dataset, attributes=("sex",))
    low, high = difference_limits(count_point(30, 30, confidence=0.95), count_point(990, 1000, confidence=0.95))
    assert gap.bounds == pytest.approx((0, -low))
    assert -low > 5 * high


def test_every_pair_is_there_the_widest_first(twins, biased):
    gaps = gaps_of(biased, twins, attributes=("colour",))
    values = [gap.estimate.value for gap in gaps]
    assert len(gaps) == 45
    assert values == sorted(values, reverse=True)
    assert min(values) >= 0
    assert {gap.attribute for gap in gaps} == {"colour"}


def test_swapping_the_groups_names_swaps_the_gap(dataset_of):
    predictions = [0] * 60 + [1] * 20
    there = gaps_of(predictions, dataset_of(labels=np.zeros(80), sex=["f"] * 40 + ["m"] * 40), attributes=("sex",))[0]
    again = gaps_of(predictions, dataset_of(labels=np.zeros(80), sex=["m"] * 40 + ["f"] * 40), attributes=("sex",))[0]
    assert (there.higher, there.lower) == (again.lower, again.higher)
    assert there.bounds == pytest.approx(again.bounds)


def test_more_than_twelve_groups_keep_the_pairs_with_the_highest_bounds(dataset_of):
    rng = np.random.default_rng(4)
    groups = np.repeat(np.arange(14), 20)
    dataset = dataset_of(labels=np.zeros(280), group=groups)
    wrong = (rng.random(280) < groups / 20).astype(int)
    gaps = gaps_of(wrong, dataset, attributes=("group",))
    rates = [1 - wrong[groups == group].mean() for group in range(14)]
    assert len(gaps) == 66
    assert gaps[0].estimate.value == pytest.approx(max(rates) - min(rates))
    assert {"group": "13"} in [gap.lower for gap in gaps]
    assert min(gap.estimate.value for gap in gaps) > 0


def test_insufficient_groups_leave_the_known_gaps_and_stand_last(dataset_of):
    dataset = dataset_of(labels=np.zeros(83), sex=["f"] * 40 + ["m"] * 40 + ["x"] * 3)
    gaps = gaps_of([0] * 60 + [1] * 23, dataset, attributes=("sex",))
    assert [gap.bounds is None for gap in gaps] == [False, True, True]


def test_holm_corrects_over_the_pairs(dataset_of):
    """Of three pairs that differ alike, each smallest p is tripled."""
    dataset = dataset_of(labels=np.zeros(120), sex=["f"] * 40 + ["m"] * 40 + ["x"] * 40)
    predictions = [0] * 40 + [0] * 30 + [1] * 10 + [0] * 20 + [1] * 20
    alone = dataset.take(dataset.attribute("sex") != "m")
    (pair,) = gaps_of(np.array(predictions)[dataset.attribute("sex") != "m"], alone, attributes=("sex",))
    assert pair.p_value is not None
    assert gaps_of(predictions, dataset, attributes=("sex",))[0].p_value == pytest.approx(3 * pair.p_value)


def test_equal_groups_are_seldom_proven_unequal(dataset_of):
    """Ten equal groups, 45 pairs: the family-wise error of the simultaneous bounds and of Holm's p-values."""
    rng = np.random.default_rng(6)
    dataset = dataset_of(labels=np.zeros(400), group=np.repeat(np.arange(10), 40))
    looks = [gaps_of((rng.random(400) < 0.2).astype(int), dataset, attributes=("group",)) for _ in range(60)]
    assert np.mean([any(gap.simultaneous[0] > 0 for gap in gaps) for gaps in looks]) <= 0.1
    assert np.mean([any(gap.p_value < 0.05 for gap in gaps) for gaps in looks]) <= 0.1
    assert np.mean([any(gap.bounds[0] > 0 for gap in gaps) for gaps in looks]) > 0.3
