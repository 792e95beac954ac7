from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.errors import InputError
from biasgate.evaluation.measure import Earlier, measure
from biasgate.statistics.clustered import Sums, rate_bounds

ALIGNMENT = EvaluationSpec(attributes=("alignment",))


def measured(predictions, dataset, spec=ALIGNMENT, **options):
    return measure(np.asarray(predictions), dataset, spec, model="sha256:m", provider="cpu", **options)


def cell_of(evaluation, **subgroup):
    (cell,) = [cell for cell in evaluation.cells if cell.subgroup == subgroup]
    return cell


def test_the_whole_set_comes_first_and_its_parts_add_up(twins, biased):
    evaluation = measured(biased, twins, EvaluationSpec(attributes=("alignment", "colour"), depth=2, minimum=5))
    assert evaluation.cells[0].subgroup == {}
    assert (evaluation.rows, evaluation.clusters) == (400, 200)
    for names in ({"alignment"}, {"colour"}, {"alignment", "colour"}):
        parts = [cell for cell in evaluation.cells if set(cell.subgroup) == names]
        assert sum(cell.trials for cell in parts) == 400
        assert sum(cell.successes for cell in parts) == evaluation.cells[0].successes == (biased == twins.labels).sum()


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_the_order_of_rows_changes_nothing(twins, biased, seed):
    order = np.random.default_rng(seed).permutation(len(twins))
    spec = EvaluationSpec(attributes=("alignment", "colour"), minimum=20)
    there = measured(biased, twins, spec, before=Earlier("sha256:b", twins.labels))
    again = measured(biased[order], twins.take(order), spec, before=Earlier("sha256:b", twins.labels[order]))
    assert again.model_copy(update={"data": there.data}) == there


def test_an_evaluation_survives_its_canonical_form(twins, biased):
    evaluation = measured(biased, twins, before=Earlier("sha256:b", twins.labels))
    assert Evaluation.parse(evaluation.to_json(), where="evaluation") == evaluation


def test_intervals_and_bounds_hold_their_values(twins, biased):
    evaluation = measured(biased, twins, EvaluationSpec(attributes=("alignment", "colour"), minimum=20))
    for found in (*evaluation.cells, *evaluation.gaps):
        assert found.estimate.low <= found.estimate.value <= found.estimate.high
        assert found.bounds[0] <= found.estimate.value + 1e-8
        assert found.estimate.value - 1e-8 <= found.bounds[1]
        assert found.simultaneous[0] <= found.bounds[0] + 1e-8
        assert found.bounds[1] - 1e-8 <= found.simultaneous[1]


def test_units_that_repeat_make_a_cell_clustered(twins, biased):
    evaluation = measured(biased, twins)
    whole, aligned = cell_of(evaluation), cell_of(evaluation, alignment="aligned")
    assert (whole.clustered, whole.trials, whole.clusters, whole.estimate.method) == (
        True,
        400,
        200,
        "gaffke, clustered",
    )
    assert (aligned.clustered, aligned.estimate.method) == (False, "clopper-pearson")


def test_ten_subgroups_share_the_error_of_their_simultaneous_bounds(twins, biased):
    evaluation = measured(biased, twins, EvaluationSpec(attributes=("colour",), minimum=5))
    cell = cell_of(evaluation, colour="3")
    rows = twins.attribute("colour") == "3"
    outcome = Sums.of((biased == twins.labels)[rows], twins.clusters[rows])
    assert cell.simultaneous == pytest.approx(rate_bounds(outcome, confidence=0.995))
    assert evaluation.cells[0].simultaneous == evaluation.cells[0].bounds


def test_too_few_units_give_no_number(dataset_of):
    labels = np.zeros(50, dtype=int)
    dataset = dataset_of(labels=labels, clusters=[0] * 29 + list(range(1, 22)), alignment=["x"] * 29 + ["y"] * 21)
    evaluation = measured(labels, dataset, EvaluationSpec(attributes=("alignment",), minimum=10))
    few = cell_of(evaluation, alignment="x")
    assert (few.trials, few.clusters, few.estimate, few.bounds, few.simultaneous) == (29, 1, None, None, None)
    assert evaluation.gaps[0].estimate is evaluation.gaps[0].bounds is None
    assert cell_of(evaluation, alignment="y").estimate.value == 1


def test_an_empty_intersection_is_a_cell_without_a_number(dataset_of):
    labels = np.zeros(80, dtype=int)
    dataset = dataset_of(labels=labels, sex=["f"] * 40 + ["m"] * 40, skin=["dark", "light"] * 20 + ["light"] * 40)
    evaluation = measured(labels, dataset, EvaluationSpec(attributes=("sex", "skin"), depth=2, minimum=1))
    empty = cell_of(evaluation, sex="m", skin="dark")
    assert (empty.trials, empty.clusters, empty.estimate) == (0, 0, None)


def test_rates_equal_the_counts_of_the_confusion_matrix(dataset_of):
    from sklearn.metrics import confusion_matrix

    rng = np.random.default_rng(2)
    labels, predictions = rng.integers(0, 3, (2, 300))
    dataset = dataset_of(labels=labels, sex=rng.choice(["f", "m"], 300))
    names = ("accuracy", "true_positive_rate", "false_positive_rate", "selection_rate", "precision")
    evaluation = measured(predictions, dataset, EvaluationSpec(metrics=names, attributes=("sex",), positive="b"))
    for sex in ("f", "m"):
        rows = dataset.attribute("sex") == sex
        tn, fp, fn, tp = confusion_matrix(labels[rows] == 1, predictions[rows] == 1).ravel()
        accuracy, selected = np.mean((labels == predictions)[rows]), (tp + fp) / rows.sum()
        expected = [accuracy, tp / (tp + fn), fp / (fp + tn), selected, tp / (tp + fp)]
        found = [cell.estimate.value for cell in evaluation.cells if cell.subgroup == {"sex": sex}]
        assert found == pytest.approx(expected)


def test_the_second_of_two_classes_is_positive_by_default(dataset_of):
    dataset = dataset_of(labels=[0, 1] * 40, classes=("no", "yes"), sex=["f"] * 40 + ["m"] * 40)
    spec = EvaluationSpec(metrics=("selection_rate",), attributes=("sex",))
    assert cell_of(measured(np.ones(80, int), dataset, spec)).estimate.value == 1


def test_names_of_values_are_such_as_a_tracking_server_takes(dataset_of):
    dataset = dataset_of(labels=[0] * 80, skin=["light, fair"] * 40 + ["dark"] * 40)
    values = measured([0] * 40 + [1] * 40, dataset, EvaluationSpec(attributes=("skin",))).values()
    assert values == {"accuracy/all": 0.5, "accuracy/skin.light_ fair": 1.0, "accuracy/skin.dark": 0.0}


@pytest.mark.parametrize(
    ("spec", "fault"),
    [
        (EvaluationSpec(attributes=("age",)), "no attribute 'age'"),
        (EvaluationSpec(attributes=("alignment", "alignment")), "named twice"),
        (EvaluationSpec(attributes=("alignment",), positive="z"), "no class 'z'"),
        (EvaluationSpec(attributes=("alignment",), metrics=("selection_rate",)), "positive class"),
    ],
)
def test_a_spec_that_does_not_fit_is_refused(twins, biased, spec, fault):
    with pytest.raises(InputError, match=fault):
        measured(biased, twins, spec)


def test_predictions_that_do_not_fit_are_refused(twins, biased, dataset_of):
    with pytest.raises(InputError, match="399 predictions for 400 labels"):
        measured(biased[1:], twins)
    with pytest.raises(InputError, match="none of the 3 classes"):
        measured(biased + 1, twins)
    with pytest.raises(InputError, match="none of the 3 classes"):
        measured(biased, twins, before=Earlier("sha256:b", biased - 1))
    with pytest.raises(InputError, match="no rows"):
        measured([], twins.take(np.zeros(400, dtype=bool)))
    with pytest.raises(InputError, match="400 predictions for 400 x 3 labels"):
        measured(biased, dataset_of(labels=np.zeros((400, 3)), alignment=["x"] * 400))


@pytest.mark.parametrize("missing", [None, float("nan"), ""])
def test_rows_without_an_attribute_are_refused_and_make_no_subgroup(twins, missing):
    attributes = twins.attributes.astype(object)
    attributes.loc[:2, "alignment"] = missing
    with pytest.raises(InputError, match=r"3 of 400 rows have no 'alignment'.*'unknown'"):
        measured(twins.labels, replace(twins, attributes=attributes))
