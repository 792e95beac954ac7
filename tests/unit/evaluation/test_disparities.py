import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.evaluation.measure import measure

SPEC = EvaluationSpec(metrics=("selection_rate",), attributes=("sex",), positive="yes", minimum=20)


def ratio_of(dataset_of, *groups):
    """The demographic parity ratio of groups given as (selected, people)."""
    said = np.concatenate([np.arange(people) < selected for selected, people in groups]).astype(int)
    sex = np.repeat([f"g{place}" for place in range(len(groups))], [people for _, people in groups])
    dataset = dataset_of(labels=np.zeros(len(said)), classes=("no", "yes"), sex=sex)
    found = measure(said, dataset, SPEC, model="m", provider="cpu").disparities
    return next(one for one in found or () if one.name == "demographic_parity_ratio").estimate


def test_a_ratio_of_nobody_selected_may_be_more_than_nothing(dataset_of):
    """None of 30 against half of 100: the rate of the former may be .11, by Wilson's interval."""
    estimate = ratio_of(dataset_of, (0, 30), (50, 100))
    assert estimate.value == estimate.low == 0
    assert 0.15 < estimate.high < 0.3


def test_nobody_selected_anywhere_has_no_ratio(dataset_of):
    assert ratio_of(dataset_of, (0, 30), (0, 40)) is None


@pytest.mark.parametrize("rates", [(0.02, 0.4), (0.1, 0.3, 0.3), (0.2, 0.2, 0.2)])
def test_intervals_of_ratios_hold_where_few_are_selected(dataset_of, rates):
    rng, held, told = np.random.default_rng(0), 0, 0
    for _ in range(150):
        estimate = ratio_of(dataset_of, *((rng.binomial(60, rate), 60) for rate in rates))
        told += estimate is not None
        held += estimate is not None and estimate.low <= min(rates) / max(rates) <= estimate.high
    assert held / told >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / told)
