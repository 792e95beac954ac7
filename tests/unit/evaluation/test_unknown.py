"""A value that is not known is counted, and makes no subgroup."""

from dataclasses import replace

import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.contracts.population import population_of
from biasgate.data.dataset import Dataset
from biasgate.evaluation.explain import explain
from biasgate.evaluation.measure import measure

ROWS = 400


@pytest.fixture
def people(dataset_of) -> Dataset:
    """400 people; of 20 the sex is unknown, of 40 others the race."""
    sex, race = np.tile(["f", "m"], 200).astype("<U7"), np.tile(["a", "a", "b", "b"], 100).astype("<U7")
    sex[:20], race[20:60] = "unknown", "unknown"
    return dataset_of(labels=np.arange(ROWS) % 2, classes=("no", "yes"), sex=sex, race=race)


def measured(dataset: Dataset, predictions: np.ndarray | None = None, **spec):
    asked = EvaluationSpec(metrics=("accuracy",), attributes=("sex", "race"), depth=2, **spec)
    said = dataset.labels if predictions is None else predictions
    return measure(said, dataset, asked, model="m", provider="test")


def test_an_unknown_value_is_in_no_subgroup_and_is_counted_by_combination(people: Dataset) -> None:
    found = measured(people)
    assert not [cell for cell in found.cells if "unknown" in cell.subgroup.values()]
    assert not [gap for gap in found.gaps if "unknown" in (*gap.higher.values(), *gap.lower.values())]
    assert found.cells[0].trials == ROWS
    assert found.unknown == {"sex": 20, "race": 40, "race*sex": 60}
    trials = {tuple(sorted(cell.subgroup)): 0 for cell in found.cells}
    for cell in found.cells:
        trials[tuple(sorted(cell.subgroup))] += cell.trials
    assert trials == {(): 400, ("sex",): 380, ("race",): 360, ("race", "sex"): 340}


def test_what_is_measured_of_the_known_does_not_depend_on_the_unknown(people: Dataset) -> None:
    known = people.take(people.attribute("sex") != "unknown")
    of_sex = [cell for cell in measured(people).cells if set(cell.subgroup) == {"sex"}]
    assert of_sex == [cell for cell in measured(known).cells if set(cell.subgroup) == {"sex"}]


def test_a_set_without_unknown_values_says_nothing_of_them(people: Dataset) -> None:
    known = people.take((people.attributes != "unknown").all(axis=1).to_numpy())
    found = measured(known)
    assert found.unknown is None
    assert list(population_of(found)) == []


def test_a_pair_with_an_unknown_value_is_not_compared(people: Dataset) -> None:
    pairs = replace(people, clusters=np.arange(ROWS) // 4, labels=np.zeros(ROWS, dtype=np.int64))
    swapped = (pairs.attribute("sex") == "unknown").astype(np.int64)
    found = measured(pairs, swapped, minimum=5).swap_rate
    assert found is not None
    assert found.value == 0


def test_what_was_left_out_is_said(people: Dataset) -> None:
    pooled = {"race": {"Other": {"x": 3, "y": 1200}}}
    found = measured(replace(people, dropped={"no value of age": 1234}, pooled=pooled))
    assert found.dropped == {"no value of age": 1234}
    assert found.pooled == pooled
    said = [
        "20 of 400 rows (5.0%) have no known sex: they count in the whole set and in no subgroup of sex.",
        "40 of 400 rows (10.0%) have no known race: they count in the whole set and in no subgroup of race.",
        "1,234 samples were left out of the data set: no value of age.",
        "Of race, Other is x (3), y (1,200).",
    ]
    assert list(population_of(found)) == said
    assert set(said) <= set(explain(found).untested)
