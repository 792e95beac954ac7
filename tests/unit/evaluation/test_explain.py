import numpy as np

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.explain import explain
from biasgate.evaluation.measure import measure
from biasgate.statistics.power import clusters_to_show, gap_to_detect


def evaluated(dataset_of, *, sizes, right):
    """Groups of these sizes, of which the first shares of rows are predicted right."""
    group = np.repeat(list(sizes), list(sizes.values()))
    wrong = np.concatenate([np.arange(n) >= round(n * right[name]) for name, n in sizes.items()])
    dataset = dataset_of(labels=np.zeros(len(group)), group=group)
    spec = EvaluationSpec(attributes=("group",))
    return measure(wrong.astype(np.int64), dataset, spec, model="m", provider="cpu")


def test_the_worse_subgroup_is_named_and_the_equal_ones_are_not(dataset_of):
    evaluation = evaluated(dataset_of, sizes={"a": 400, "b": 400, "c": 400}, right={"a": 0.9, "b": 0.9, "c": 0.7})
    found = [sentence for sentence in explain(evaluation).found if "after Holm" in sentence]
    assert len(found) == 2
    assert all("above group = c by 0.2" in sentence for sentence in found)


def test_the_smallest_ratio_within_strata_is_told_where_it_is_proven(dataset_of):
    taken = np.concatenate([np.arange(200) < chosen for chosen in (90, 140, 20, 30)]).astype(np.int64)
    dataset = dataset_of(
        labels=taken, classes=("no", "yes"), dept=np.repeat(["a", "b"], 400), sex=np.tile(np.repeat(["f", "m"], 200), 2)
    )
    spec = EvaluationSpec(metrics=("selection_rate",), attributes=("sex",), strata=("dept",))
    found = explain(measure(taken, dataset, spec, model="m", provider="cpu")).found
    (within,) = [sentence for sentence in found if "within each dept" in sentence]
    assert within.startswith("Selection rate of dept = a, sex = f is 0.643 [")
    assert "times that of dept = a, sex = m, the smallest ratio by dept × sex, within each dept (n = 400" in within


def test_equal_groups_are_not_called_equal(dataset_of):
    said = explain(evaluated(dataset_of, sizes={"a": 50, "b": 50}, right={"a": 0.9, "b": 0.9}))
    assert "nor is equality" in said.found[0]
    assert "may differ by up to" in said.open[0]


def test_a_subgroup_that_is_too_small_says_how_many_more_would_do(dataset_of):
    said = explain(evaluated(dataset_of, sizes={"a": 50, "b": 12}, right={"a": 0.9, "b": 1}))
    assert "Accuracy of group = b has no number: 12 clusters; 18 more would do." in said.open


def test_the_units_that_it_asks_for_do_settle_it(dataset_of):
    """Were the rates as measured, so many more clusters would pass four times in five."""
    said = explain(evaluated(dataset_of, sizes={"a": 200, "b": 200}, right={"a": 0.9, "b": 0.9}))
    (row,) = said.power
    assert row.more is not None
    n, rng, passed = 200 + row.more[0], np.random.default_rng(0), 0
    from biasgate.statistics.two_rates import count_point, difference_limits

    for _ in range(300):
        low, high = difference_limits(*(count_point(right, n, confidence=0.95) for right in rng.binomial(n, 0.9, 2)))
        passed += max(high, -low) <= 0.05
    assert 0.70 <= passed / 300 <= 0.90


def test_a_gap_beyond_the_margin_is_never_shown_to_be_within_it():
    assert clusters_to_show((0.9, 0.8), 0.05, confidence=0.95) is None
    assert clusters_to_show((0.9, 0.9), 0.05, confidence=0.95) == 796


def test_a_test_finds_the_detectable_gap_four_times_in_five():
    from biasgate.statistics.intervals import score_test

    rng = np.random.default_rng(0)
    gap = gap_to_detect(0.8, (300, 300), confidence=0.95)
    draws = rng.binomial(300, [0.8 + gap / 2, 0.8 - gap / 2], (500, 2))
    found = np.mean([score_test(tuple(pair), (300, 300)) < 0.05 for pair in draws.tolist()])
    assert 0.75 <= found <= 0.86
