import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.measure import measure
from biasgate.statistics.two_rates import count_point, ratio_limits


def ratios_of(predictions, dataset, **spec):
    spec = EvaluationSpec(**{"metrics": ("selection_rate",), "attributes": ("sex",), "minimum": 5, **spec})
    ratios = measure(np.asarray(predictions), dataset, spec, model="m", provider="cpu").ratios
    assert ratios is not None
    return ratios


def people(dataset_of, **columns):
    rows = len(next(iter(columns.values())))
    return dataset_of(labels=np.zeros(rows), classes=("no", "yes"), **columns)


def test_an_impact_ratio_is_the_lower_selection_rate_over_the_higher(dataset_of):
    dataset = people(dataset_of, sex=["f"] * 100 + ["m"] * 80)
    (ratio,) = ratios_of([1] * 30 + [0] * 70 + [1] * 40 + [0] * 40, dataset)
    assert (ratio.lower, ratio.higher) == ({"sex": "f"}, {"sex": "m"})
    assert ratio.estimate.value == pytest.approx(0.6)
    limits = ratio_limits(count_point(30, 100, confidence=0.95), count_point(40, 80, confidence=0.95))
    assert (ratio.estimate.low, ratio.estimate.high) == pytest.approx(limits)
    assert ratio.bounds == pytest.approx(limits)


def test_equal_rates_are_bounded_in_both_directions(dataset_of):
    """The small group may be the favoured one too: the bound is of the smaller rate over the larger."""
    dataset = people(dataset_of, sex=["f"] * 20 + ["m"] * 1000)
    (ratio,) = ratios_of([1, 0] * 510, dataset)
    assert ratio.estimate.value == 1
    assert ratio.bounds[0] < 0.6
    assert ratio.bounds[1] == 1


def test_nobody_selected_is_a_ratio_of_zero_and_nobody_anywhere_is_none(dataset_of):
    dataset = people(dataset_of, sex=["f"] * 100 + ["m"] * 100)
    (none,) = ratios_of([0] * 100 + [1] * 50 + [0] * 50, dataset)
    assert none.estimate.value == none.bounds[0] == 0
    assert 0 < none.bounds[1] < 0.2
    assert ratios_of([0] * 200, dataset)[0].estimate is None


def test_every_pair_is_there_the_smallest_ratio_first_and_small_groups_last(dataset_of):
    dataset = people(dataset_of, sex=["f"] * 40 + ["m"] * 40 + ["x"] * 40 + ["y"] * 3)
    found = ratios_of([1, 1, 0, 0] * 10 + [1, 0, 0, 0] * 10 + [1, 1, 1, 0] * 10 + [1] * 3, dataset)
    values = [ratio.estimate.value for ratio in found if ratio.estimate]
    assert values == pytest.approx([1 / 3, 1 / 2, 2 / 3])
    assert len(found) == 6
    assert [ratio.bounds is None for ratio in found] == [False] * 3 + [True] * 3


def test_units_that_repeat_widen_a_ratio(dataset_of):
    chosen, sex = np.array([1] * 30 + [0] * 70 + [1] * 40 + [0] * 40), np.array(["f"] * 100 + ["m"] * 80)
    (once,) = ratios_of(chosen, people(dataset_of, sex=sex))
    tripled = people(dataset_of, sex=np.repeat(sex, 3), clusters=np.repeat(np.arange(180), 3))
    (thrice,) = ratios_of(np.repeat(chosen, 3), tripled)
    assert thrice.estimate.n == 180
    assert thrice.bounds == pytest.approx(once.bounds, abs=0.02)
