import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.errors import InputError
from biasgate.evaluation.measure import Earlier, measure
from biasgate.statistics.multiple import holm

METRICS = ("accuracy", "true_positive_rate", "false_positive_rate", "selection_rate", "precision")
SPEC = EvaluationSpec(metrics=METRICS, attributes=("gender", "skin"), depth=2, minimum=10)
NAMES = ("AU1", "AU6", "AU12")


@pytest.fixture(scope="module")
def faces(dataset_of):
    """600 faces with three labels; AU12 is missed on a third of masculine faces."""
    rng = np.random.default_rng(0)
    gender, skin = rng.choice(["feminine", "masculine"], 600), rng.choice(["dark", "light"], 600)
    labels = rng.integers(0, 2, (600, 3))
    predictions = np.where(rng.random((600, 3)) < 0.05, 1 - labels, labels)
    predictions[(gender == "masculine") & (rng.random(600) < 1 / 3), 2] = 0
    return dataset_of(labels=labels, classes=NAMES, gender=gender, skin=skin), predictions


def measured(dataset, predictions, spec=SPEC, **options):
    return measure(predictions, dataset, spec, model="m", provider="cpu", **options)


def single(dataset, predictions, column, dataset_of, spec=SPEC):
    """The same label as a problem of two classes."""
    alone = dataset_of(
        labels=dataset.labels[:, column],
        classes=("absent", "present"),
        gender=dataset.attribute("gender"),
        skin=dataset.attribute("skin"),
    )
    return measured(alone, predictions[:, column], spec)


def test_each_label_is_measured_as_it_would_be_alone(faces, dataset_of):
    dataset, predictions = faces
    together = measured(dataset, predictions)
    assert together.labels == NAMES
    for column, name in enumerate(NAMES):
        alone = single(dataset, predictions, column, dataset_of)
        assert alone.labels is None
        for kind in ("cells", "gaps", "ratios"):
            mine = [part.model_dump() for part in getattr(together, kind) if part.label == name]
            theirs = [part.model_dump() for part in getattr(alone, kind)]
            shared = {"label", "simultaneous", "p_value"}
            assert [{k: v for k, v in part.items() if k not in shared} for part in mine] == [
                {k: v for k, v in part.items() if k not in shared} for part in theirs
            ]


def test_labels_share_the_error_of_what_proves_and_of_the_tests(faces, dataset_of):
    dataset, predictions = faces
    together = measured(dataset, predictions)
    alone = [single(dataset, predictions, column, dataset_of) for column in range(3)]
    gaps = [next(gap for gap in one.gaps if (gap.metric, gap.attribute) == ("accuracy", "gender")) for one in alone]
    raw = [gap.p_value for gap in gaps if gap.p_value is not None]
    found = {gap.label: gap.p_value for gap in together.gaps if (gap.metric, gap.attribute) == ("accuracy", "gender")}
    assert [found[name] for name in NAMES] == pytest.approx(holm(raw))
    wide, narrow = together.cells, alone[0].cells
    assert wide[0].simultaneous[0] < narrow[0].simultaneous[0]
    assert wide[0].bounds == narrow[0].bounds


def test_the_planted_label_is_the_one_that_is_found(faces):
    gaps = [gap for gap in measured(*faces).gaps if gap.metric == "true_positive_rate"]
    found = {(gap.label, gap.attribute) for gap in gaps if gap.p_value is not None and gap.p_value < 0.05}
    assert ("AU12", "gender") in found
    assert {label for label, _ in found} == {"AU12"}


def test_a_change_is_told_for_each_label(faces):
    dataset, predictions = faces
    changes = measured(dataset, dataset.labels, before=Earlier("sha256:b", predictions)).changes
    whole = [change for change in changes if not change.subgroup and change.metric == "accuracy"]
    wrong = dict(zip(NAMES, (predictions != dataset.labels).mean(axis=0), strict=True))
    assert {change.label: change.estimate.value for change in whole} == pytest.approx(wrong)


def test_the_swap_rate_looks_at_all_labels_together(dataset_of):
    labels = np.repeat(np.random.default_rng(0).integers(0, 2, (40, 2)), 2, axis=0)
    dataset = dataset_of(
        labels=labels, classes=("a", "b"), clusters=np.repeat(np.arange(40), 2), colour=["x", "y"] * 40
    )
    predictions = labels.copy()
    predictions[:20:2, 1] = 1 - predictions[:20:2, 1]
    spec = EvaluationSpec(attributes=("colour",))
    assert measured(dataset, predictions, spec).swap_rate.value == 10 / 40


def test_what_is_no_multi_label_prediction_is_refused(faces):
    dataset, predictions = faces
    with pytest.raises(InputError, match="a prediction is neither 0 nor 1"):
        measured(dataset, predictions + 1)
    with pytest.raises(InputError, match="600 x 2 predictions for 600 x 3 labels"):
        measured(dataset, predictions[:, :2])
    with pytest.raises(InputError, match="no positive class"):
        measured(dataset, predictions, SPEC.model_copy(update={"positive": "AU1"}))
    scores = SPEC.model_copy(update={"scores": ("calibration_error",)})
    with pytest.raises(InputError, match="a probability of every label"):
        measured(dataset, predictions, scores)
    with pytest.raises(InputError, match="between 0 and 1"):
        measured(dataset, predictions, scores, probabilities=predictions * 2.0)
