import numpy as np
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.errors import InputError
from biasgate.evaluation.measure import measure
from biasgate.statistics.binned_error import binned_error
from biasgate.statistics.catalogue import SCORES
from biasgate.statistics.intervals import square_and_add

SPEC = EvaluationSpec(attributes=("sex",), scores=("calibration_error",))


@pytest.fixture(scope="module")
def judged(dataset_of):
    """300 people, probabilities of two classes; women's are 20 points too sure."""
    rng = np.random.default_rng(0)
    sex = np.repeat(["f", "m"], 150)
    sure = rng.uniform(0.75, 1, 300)
    right = rng.random(300) < np.where(sex == "f", sure - 0.2, sure)
    predicted = rng.integers(0, 2, 300)
    probabilities = np.where(np.arange(2) == predicted[:, None], sure[:, None], 1 - sure[:, None])
    return dataset_of(labels=np.where(right, predicted, 1 - predicted), classes=("no", "yes"), sex=sex), probabilities


def scores_of(dataset, probabilities, spec=SPEC):
    predictions = probabilities.argmax(axis=1)
    found = measure(predictions, dataset, spec, model="m", provider="cpu", probabilities=probabilities).scores
    return {tuple(score.subgroup.values()): score for score in found}


def test_calibration_is_measured_in_the_whole_set_and_every_subgroup(judged):
    dataset, probabilities = judged
    scores = scores_of(dataset, probabilities)
    assert set(scores) == {(), ("f",), ("m",)}
    right = probabilities.argmax(axis=1) == dataset.labels
    assert scores[()].estimate.value == pytest.approx(binned_error(probabilities.max(axis=1), right))
    assert scores["f",].bounds[0] > 0.02
    assert scores["m",].bounds[0] == 0
    assert scores["f",].simultaneous[0] < scores["f",].bounds[0]


def test_the_order_of_rows_changes_no_score(judged):
    dataset, probabilities = judged
    order = np.random.default_rng(1).permutation(300)
    there, again = scores_of(dataset, probabilities), scores_of(dataset.take(order), probabilities[order])
    for subgroup, score in there.items():
        assert again[subgroup].bounds == pytest.approx(score.bounds)


def test_too_few_units_give_no_score(judged):
    dataset, probabilities = judged
    score = scores_of(dataset, probabilities, SPEC.model_copy(update={"minimum": 200}))["f",]
    assert (score.clusters, score.estimate, score.bounds, score.simultaneous) == (150, None, None, None)


def test_a_spec_without_scores_has_none(judged):
    dataset, probabilities = judged
    plain = EvaluationSpec(attributes=("sex",))
    found = measure(dataset.labels, dataset, plain, model="m", provider="cpu", probabilities=probabilities)
    assert found.scores is None


def test_what_is_no_probability_is_refused(judged):
    dataset, probabilities = judged
    for wrong in (None, probabilities[1:], probabilities * 2, probabilities - 0.5, probabilities * np.nan):
        with pytest.raises(InputError, match="probabilit"):
            measure(dataset.labels, dataset, SPEC, model="m", provider="cpu", probabilities=wrong)


def test_scores_near_their_best_are_not_called_different(dataset_of):
    """The same AUC of .99 and recalls of .95 in 60 women and 600 men."""
    rng = np.random.default_rng(0)
    spec = EvaluationSpec(attributes=("sex",), scores=("roc_auc", "balanced_accuracy", "log_loss"))
    labels, sex = np.tile([0, 1], 330), np.repeat(["f", "m"], [60, 600])
    found = {name: [] for name in spec.scores or ()}
    for _ in range(40):
        positive = 1 / (1 + np.exp(-3.29 * (2 * labels - 1 + 0.607 * rng.standard_normal(660))))
        probabilities = np.stack([1 - positive, positive], axis=1)
        dataset = dataset_of(labels=labels, classes=("no", "yes"), sex=sex)
        predicted = probabilities.argmax(axis=1)
        gaps = measure(predicted, dataset, spec, model="m", provider="cpu", probabilities=probabilities).gaps
        for gap in (gap for gap in gaps if gap.metric in found):
            assert (gap.p_value <= 0.05) == (gap.estimate.low > 0)
            found[gap.metric].append(gap.p_value <= 0.05)
    shares = {name: np.mean(differ) for name, differ in found.items()}
    assert max(shares.values()) <= 0.1, shares


def test_an_understated_risk_cancels_in_the_error_of_the_predicted_class_only(dataset_of):
    """Risks of women are stated .15 too low at every score, scores lie evenly about a half."""
    rng, sex = np.random.default_rng(5), np.repeat(["f", "m"], 3000)
    risk = rng.uniform(0.2, 0.8, 6000)
    labels = (rng.random(6000) < np.where(sex == "f", risk + 0.15, risk)).astype(np.int64)
    names = ("calibration_error", "positive_calibration_error", "calibration_in_the_large")
    spec = EvaluationSpec(attributes=("sex",), scores=names)
    dataset = dataset_of(labels=labels, classes=("no", "yes"), sex=sex)
    probabilities = np.stack([1 - risk, risk], axis=1)
    found = measure((risk > 0.5).astype(int), dataset, spec, model="m", provider="cpu", probabilities=probabilities)
    women = {one.metric: one for one in found.scores if one.subgroup == {"sex": "f"}}
    men = {one.metric: one for one in found.scores if one.subgroup == {"sex": "m"}}
    assert women["calibration_error"].estimate.value < 0.05
    assert women["positive_calibration_error"].bounds[0] > 0.1
    assert women["calibration_in_the_large"].bounds[1] < -0.1
    assert women["calibration_in_the_large"].estimate.value == pytest.approx(risk[:3000].mean() - labels[:3000].mean())
    assert men["calibration_in_the_large"].bounds[0] < 0 < men["calibration_in_the_large"].bounds[1]
    gaps = {gap.metric: gap for gap in found.gaps}
    assert gaps["calibration_in_the_large"].higher == {"sex": "m"}
    assert gaps["calibration_in_the_large"].bounds[0] > 0.1


def test_subgroups_below_the_minimum_are_never_computed(dataset_of, monkeypatch):
    computed = []
    metric = SCORES["calibration_error"]
    honest = metric.number
    monkeypatch.setattr(metric, "number", lambda answers, clusters: computed.append(1) or honest(answers, clusters))
    rng = np.random.default_rng(0)
    employers = np.concatenate([np.arange(400), np.full(60, 400)])
    dataset = dataset_of(labels=rng.integers(0, 2, 460), classes=("no", "yes"), sex=employers)
    sure = rng.random(460)
    scores = scores_of(dataset, np.stack([sure, 1 - sure], axis=1))
    assert len(scores) == 402
    assert len(computed) == 2


def test_the_gap_of_many_subgroups_is_square_and_add_of_both_bounds(dataset_of):
    rng = np.random.default_rng(0)
    dataset = dataset_of(labels=rng.integers(0, 2, 600), classes=("no", "yes"), sex=np.arange(600) % 12)
    sure = rng.random(600)
    probabilities = np.stack([sure, 1 - sure], axis=1)
    spec = EvaluationSpec(attributes=("sex",), scores=("log_loss",))
    found = measure(dataset.labels, dataset, spec, model="m", provider="cpu", probabilities=probabilities)
    scores = {score.subgroup["sex"]: score for score in found.scores if score.subgroup}
    gaps = [gap for gap in found.gaps if gap.metric == "log_loss"]
    assert len(gaps) == 66

    def point(sex: str) -> tuple[float, float, float]:
        bounds = scores[sex].bounds
        assert bounds is not None
        low, high = bounds
        return scores[sex].estimate.value, low, high

    for gap in gaps:
        low, high = square_and_add(point(gap.higher["sex"]), point(gap.lower["sex"]), widest=np.inf)
        assert (gap.estimate.low, gap.estimate.high) == pytest.approx((low, high))
        assert gap.bounds == pytest.approx((max(0, low), max(high, -low)))
