from dataclasses import replace
from datetime import date

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.errors import CandidateError, InputError
from biasgate.evaluation.evaluate import evaluate
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import pack

CLASSES = ("red", "green", "blue")
SPEC = EvaluationSpec(attributes=("size",))

MEANS = (
    helper.make_node("GlobalAveragePool", ["input"], ["pooled"]),
    helper.make_node("Flatten", ["pooled"], ["means"]),
)
BRIGHTEST = (*MEANS, helper.make_node("Identity", ["means"], ["logits"]))
DARKEST = (*MEANS, helper.make_node("Neg", ["means"], ["logits"]))
LOG_OF_MINUS = (*MEANS, helper.make_node("Neg", ["means"], ["minus"]), helper.make_node("Log", ["minus"], ["logits"]))


@pytest.fixture
def package_of(tmp_path):
    """A package whose model looks at the mean of each colour channel, one class a channel."""

    def make(nodes, **changes):
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("input", ["n", 3, 8, 8]), ("logits", ["n", 3]))
        ]
        graph = helper.make_graph(list(nodes), "means", ends[:1], ends[1:])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.onnx"
        onnx.save(model, path)
        card = CandidateCard(
            name="means",
            input=InputContract(shape=(3, 8, 8), layout="NCHW", scale=1 / 255),
            training_data="sha256:0",
            submitter="someone",
            **{"classes": CLASSES, **changes},
        )
        return pack(path, card, path.with_suffix(""))

    return make


@pytest.fixture
def colours(dataset_of):
    """90 flat images, each brightest in the channel of its class."""
    labels = np.arange(90) % 3
    samples = np.full((90, 8, 8, 3), 40, np.uint8)
    samples[np.arange(90), :, :, labels] = 200
    return dataset_of(labels=labels, classes=CLASSES, samples=samples, size=["big"] * 45 + ["small"] * 45)


def test_a_candidate_is_run_and_measured(package_of, colours):
    package = package_of(BRIGHTEST)
    evaluation = evaluate(package, colours, SPEC)
    assert evaluation.values() == {"accuracy/all": 1, "accuracy/size.big": 1, "accuracy/size.small": 1}
    assert (evaluation.model, evaluation.data) == (package.digest, colours.digest)
    assert evaluation.provider == "CPUExecutionProvider"
    assert (evaluation.before, evaluation.changes) == (None, ())


def test_the_package_before_a_repair_is_run_on_the_same_rows(package_of, colours):
    before = package_of(DARKEST)
    evaluation = evaluate(package_of(BRIGHTEST), colours, SPEC, before=before)
    assert evaluation.before == before.digest
    assert [change.estimate.value for change in evaluation.changes] == [1, 1, 1]


def test_the_median_time_of_a_sample_has_an_interval_or_is_not_told(package_of, colours):
    package = package_of(BRIGHTEST)
    latency = evaluate(package, colours, SPEC).latency
    assert 0 < latency.low <= latency.value <= latency.high
    assert evaluate(package, colours.take(np.arange(5)), SPEC).latency is None


def test_the_champion_is_run_on_the_same_rows(package_of, colours):
    champion = package_of(DARKEST)
    evaluation = evaluate(package_of(BRIGHTEST), colours, SPEC, champion=champion)
    assert evaluation.champion.model == champion.digest
    assert [change.estimate.value for change in evaluation.champion.changes] == [1, 1, 1]


def test_the_date_of_the_data_is_told_and_leaves_older_documents_as_they_were(package_of, colours):
    package, day = package_of(BRIGHTEST), date(2026, 3, 1)
    assert evaluate(package, replace(colours, collected=day), SPEC).collected == day
    assert replace(colours, collected=day).digest == colours.digest
    assert b"collected" not in evaluate(package, colours, SPEC).to_json()
    assert b"training_data_from" not in package.card.to_json()


def test_outputs_that_are_not_numbers_are_never_measured(package_of, colours):
    with pytest.raises(CandidateError, match="NaN"):
        evaluate(package_of(LOG_OF_MINUS), colours, SPEC)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"classes": ("green", "red", "blue")}, "not the data set's"),
        ({"task": "multilabel"}, "the card's task is 'multilabel', and the data set gives a sample one class"),
    ],
)
def test_a_card_that_does_not_fit_the_data_is_refused(package_of, colours, changes, fault):
    with pytest.raises(InputError, match=fault):
        evaluate(package_of(BRIGHTEST, **changes), colours, SPEC)


def test_each_label_of_a_multi_label_model_is_run_and_measured(package_of, dataset_of):
    labels = np.random.default_rng(0).integers(0, 2, (90, 3))
    samples = np.where(labels == 1, 200, 0).astype(np.uint8)[:, None, None, :] * np.ones((1, 8, 8, 1), np.uint8)
    faces = dataset_of(labels=labels, classes=("AU1", "AU4", "AU12"), samples=samples, size=["big"] * 90)
    package = package_of(BRIGHTEST, classes=faces.classes, task="multilabel")
    evaluation = evaluate(package, faces, SPEC.model_copy(update={"scores": ("calibration_error",)}))
    assert evaluation.labels == faces.classes
    assert evaluation.values() == {
        f"accuracy/{label}/{place}": 1 for label in faces.classes for place in ("all", "size.big")
    }
    mean = 200 / 255
    errors = {score.label: score.estimate.value for score in evaluation.scores if not score.subgroup}
    for label, column in zip(faces.classes, labels.T, strict=True):
        sure = np.where(column == 1, 1 / (1 + np.exp(-mean)), 0.5)
        assert errors[label] == pytest.approx(np.mean(1 - sure), abs=1e-6)


def test_a_model_of_classes_is_not_measured_on_labels(package_of, dataset_of, colours):
    faces = dataset_of(labels=np.zeros((90, 3)), classes=CLASSES, samples=colours.samples, size=["big"] * 90)
    with pytest.raises(InputError, match="gives a sample several labels"):
        evaluate(package_of(BRIGHTEST), faces, SPEC)
