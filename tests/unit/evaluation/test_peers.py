"""Point values are those of scikit-learn and fairlearn, on random data."""

from functools import partial

import numpy as np
import pytest
from fairlearn import metrics as fairlearn
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn

from biasgate.contracts.evaluation import Cell, EvaluationSpec
from biasgate.evaluation.measure import measure

SPEC = EvaluationSpec(
    metrics=(
        "accuracy",
        "true_positive_rate",
        "false_positive_rate",
        "true_negative_rate",
        "false_negative_rate",
        "selection_rate",
        "precision",
    ),
    scores=("balanced_accuracy", "roc_auc", "log_loss"),
    attributes=("sex", "race"),
    depth=2,
    minimum=1,
)
RATES = {
    "accuracy": sklearn.accuracy_score,
    "true_positive_rate": fairlearn.true_positive_rate,
    "false_positive_rate": fairlearn.false_positive_rate,
    "true_negative_rate": fairlearn.true_negative_rate,
    "false_negative_rate": fairlearn.false_negative_rate,
    "selection_rate": fairlearn.selection_rate,
    "precision": sklearn.precision_score,
}
DISPARITIES = {
    name: getattr(fairlearn, name)
    for name in (
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equal_opportunity_difference",
        "equal_opportunity_ratio",
        "equalized_odds_difference",
        "equalized_odds_ratio",
        "false_positive_rate_difference",
        "false_negative_rate_ratio",
        "true_negative_rate_difference",
    )
}
close = partial(pytest.approx, rel=1e-12, abs=1e-12)


def drawn(dataset_of, seed, *, rows=200, ties=False):
    """Random people with one binary label; every intersection holds both labels."""
    rng = np.random.default_rng(seed)
    sex, race, labels = rng.integers(0, 2, rows), rng.integers(0, 3, rows), rng.integers(0, 2, rows)
    sex[:12], race[:12], labels[:12] = np.tile([0, 1], 6), np.tile([0, 1, 2], 4), np.repeat([0, 1], 6)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.25), 0, 1)
    scores = np.round(scores, 1) if ties else scores
    dataset = dataset_of(labels=labels, classes=("no", "yes"), sex=sex, race=race)
    return dataset, (scores > 0.5).astype(np.int64), np.stack([1 - scores, scores], axis=1)


def measured(dataset, predictions, probabilities, spec=SPEC):
    return measure(predictions, dataset, spec, model="m", provider="cpu", probabilities=probabilities)


@given(seed=st.integers(0, 2**32 - 1), ties=st.booleans())
@settings(max_examples=15)
def test_rates_scores_and_disparities_equal_those_of_fairlearn_and_sklearn(dataset_of, seed, ties):
    dataset, predictions, probabilities = drawn(dataset_of, seed, ties=ties)
    found = measured(dataset, predictions, probabilities)
    columns = {name: dataset.attribute(name) for name in ("sex", "race")}
    for cell in (*found.cells, *found.scores):
        rows = np.ones(len(dataset), bool)
        for name, value in cell.subgroup.items():
            rows &= columns[name] == value
        truth, said, sure = dataset.labels[rows], predictions[rows], probabilities[rows, 1]
        if cell.metric in RATES:
            if cell.estimate is None:
                assert isinstance(cell, Cell)
                assert cell.trials == 0
                continue
            expected = RATES[cell.metric](truth, said)
        elif cell.metric == "balanced_accuracy":
            expected = sklearn.balanced_accuracy_score(truth, said)
        elif cell.metric == "roc_auc":
            expected = sklearn.roc_auc_score(truth, sure)
        else:
            expected = sklearn.log_loss(truth, np.stack([1 - sure, sure], axis=1), labels=[0, 1])
        assert cell.estimate.value == close(expected)
    for disparity in found.disparities:
        if (peer := DISPARITIES.get(disparity.name)) and disparity.estimate:
            features = np.stack([columns[name] for name in disparity.attribute.split("*")], axis=1)
            expected = peer(dataset.labels, predictions, sensitive_features=features)
            assert disparity.estimate.value == close(expected)
            assert disparity.estimate.low <= disparity.estimate.value <= disparity.estimate.high
    assert set(DISPARITIES) <= {disparity.name for disparity in found.disparities}


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=5)
def test_balanced_accuracy_and_log_loss_of_many_classes_equal_sklearns(dataset_of, seed):
    rng = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(4), rng.integers(0, 4, 150)])
    probabilities = rng.dirichlet(np.ones(4), len(labels))
    probabilities[:3] = np.eye(4)[:3]
    dataset = dataset_of(labels=labels, classes=tuple("abcd"), sex=["f"] * len(labels))
    spec = EvaluationSpec(attributes=("sex",), scores=("balanced_accuracy", "log_loss"), minimum=1)
    found = measured(dataset, said := probabilities.argmax(axis=1), probabilities, spec).scores
    values = {score.metric: score.estimate.value for score in found if not score.subgroup}
    assert values["balanced_accuracy"] == close(sklearn.balanced_accuracy_score(labels, said))
    assert values["log_loss"] == close(sklearn.log_loss(labels, probabilities, labels=range(4)))


def test_a_group_of_one_class_is_insufficient_for_what_compares_classes(dataset_of):
    dataset, predictions, probabilities = drawn(dataset_of, 0)
    labels = np.where(dataset.attribute("sex") == "0", 1, dataset.labels)
    people = dataset_of(labels=labels, classes=("no", "yes"), sex=dataset.attribute("sex"), race=["x"] * 200)
    found = measured(people, predictions, probabilities)
    group = {score.metric: score for score in found.scores if score.subgroup == {"sex": "0"}}
    for metric in ("balanced_accuracy", "roc_auc"):
        assert (group[metric].clusters, group[metric].estimate) == (0, None)
    assert group["log_loss"].estimate is not None
    odds = [d for d in found.disparities if d.name.startswith("equalized_odds") and d.attribute == "sex"]
    assert [d.estimate for d in odds] == [None, None]


def test_constant_scores_have_an_area_of_one_half_and_a_wide_interval(dataset_of):
    dataset, predictions, _ = drawn(dataset_of, 1)
    found = measured(dataset, predictions, np.full((200, 2), 0.5))
    whole = next(score for score in found.scores if score.metric == "roc_auc" and not score.subgroup)
    assert whole.estimate.value == 0.5
    assert whole.bounds[0] < 0.485 < 0.515 < whole.bounds[1]
