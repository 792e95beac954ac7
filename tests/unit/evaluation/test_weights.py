import dataclasses

import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.errors import InputError
from biasgate.evaluation.explain import explain
from biasgate.evaluation.measure import Earlier, measure

SPEC = EvaluationSpec(metrics=("accuracy", "selection_rate"), attributes=("sex",), positive="yes")


@pytest.fixture(scope="module")
def people(dataset_of):
    """Of 400 people each selected woman stands for three others, and everybody else for one."""
    rng = np.random.default_rng(0)
    sex = np.repeat(["f", "m"], 200)
    said = (rng.random(400) < np.where(sex == "f", 0.3, 0.5)).astype(int)
    dataset = dataset_of(labels=rng.integers(0, 2, 400), classes=("no", "yes"), sex=sex)
    return said, dataclasses.replace(dataset, weights=np.where((sex == "f") & (said == 1), 3.0, 1.0))


def measured(said, dataset, spec=SPEC, **others):
    return measure(said, dataset, spec, model="m", provider="cpu", **others)


def of(cells, metric="selection_rate", sex="f"):
    return next(cell for cell in cells if cell.metric == metric and cell.subgroup == {"sex": sex})


def test_a_weighted_rate_is_the_population_s_and_says_so(people):
    said, dataset = people
    women, cell = said[:200].mean(), of(measured(said, dataset).cells)
    assert cell.estimate.value == pytest.approx(3 * women / (1 + 2 * women))
    assert (cell.successes, cell.trials, cell.clusters) == (said[:200].sum(), 200, 200)
    assert cell.effective == pytest.approx((200 + 400 * women) ** 2 / (200 + 1600 * women))
    assert cell.estimate.method == "gaffke, weighted"
    assert cell.bounds[0] < cell.estimate.value < cell.bounds[1]


def test_only_the_proportions_of_weights_matter(people):
    said, dataset = people
    heavier = dataclasses.replace(dataset, weights=dataset.weights * 1000)
    once, again = measured(said, dataset), measured(said, heavier)
    for one, other in zip((*once.cells, *once.gaps), (*again.cells, *again.gaps), strict=True):
        assert other.bounds == pytest.approx(one.bounds, abs=1e-9)
        assert other.estimate.value == pytest.approx(one.estimate.value)


def test_equal_weights_change_no_rate_and_no_difference(people):
    said, dataset = people
    plain = measured(said, dataclasses.replace(dataset, weights=None))
    equal = measured(said, dataclasses.replace(dataset, weights=np.full(400, 2.5)))
    for one, other in zip((*plain.cells, *plain.gaps), (*equal.cells, *equal.gaps), strict=True):
        assert other.estimate.value == pytest.approx(one.estimate.value)
        assert other.bounds == pytest.approx(one.bounds, abs=2e-3)
    assert of(equal.cells).effective is None


def test_differences_ratios_and_changes_are_of_the_weighted_rates(people):
    said, dataset = people
    found = measured(said, dataset, champion=Earlier("c", dataset.labels))
    rates = [of(found.cells, sex=sex).estimate.value for sex in ("f", "m")]
    gap = next(gap for gap in found.gaps if gap.metric == "selection_rate")
    ratio = next(ratio for ratio in found.ratios if ratio.metric == "selection_rate")
    assert gap.estimate.value == pytest.approx(abs(rates[0] - rates[1]))
    assert ratio.estimate.value == pytest.approx(min(rates) / max(rates))
    change = of(found.champion.changes)
    assert change.after == pytest.approx(rates[0])
    assert change.estimate.value == pytest.approx(change.after - change.before)
    assert change.bounds[0] < change.estimate.value < change.bounds[1]


def test_a_mean_of_rows_is_weighted_and_a_score_without_weighted_bounds_is_refused(people):
    said, dataset = people
    risk = np.clip(0.1 + 0.6 * dataset.labels, 0, 1)
    probabilities = np.stack([1 - risk, risk], axis=1)
    spec = SPEC.model_copy(update={"scores": ("calibration_in_the_large",)})
    found = measured(said, dataset, spec, probabilities=probabilities)
    women = next(score for score in found.scores if score.subgroup == {"sex": "f"})
    expected = np.average(risk[:200] - dataset.labels[:200], weights=dataset.weights[:200])
    assert women.estimate.value == pytest.approx(expected)
    with pytest.raises(InputError, match=r"roc_auc has no bounds for sampling weights.*leave it out of the scores"):
        measured(said, dataset, SPEC.model_copy(update={"scores": ("roc_auc",)}), probabilities=probabilities)


def test_a_minimum_counts_what_clusters_are_worth(dataset_of):
    """Forty people, of whom one has two thirds of all rows."""
    clusters = np.append(np.zeros(80, int), np.arange(1, 40))
    dataset = dataset_of(labels=np.zeros(len(clusters)), alignment=["x"] * len(clusters), clusters=clusters)
    cell = measured(dataset.labels, dataset, EvaluationSpec(attributes=("alignment",))).cells[0]
    assert cell.clusters == 40
    assert cell.effective == pytest.approx(119**2 / (80**2 + 39))
    assert cell.estimate is None


def test_what_clusters_of_unequal_size_are_worth_is_said_where_a_number_is_missing(dataset_of):
    clusters = np.append(np.zeros(80, int), np.arange(1, 40))
    dataset = dataset_of(labels=np.zeros(len(clusters)), alignment=["x"] * len(clusters), clusters=clusters)
    found = measured(dataset.labels, dataset, EvaluationSpec(attributes=("alignment",)))
    assert "has no number: 40 clusters of unequal weight, worth 2.2, and 30 are needed." in explain(found).open[0]
