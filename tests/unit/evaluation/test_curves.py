"""Confusion matrices and ROC curves are those of scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import auc, confusion_matrix, roc_auc_score, roc_curve

from biasgate.evaluation.curves import MOST_CLASSES, POINTS, confusion, roc
from biasgate.evaluation.given import Given

rows = st.lists(st.tuples(st.booleans(), st.integers(0, 20)), min_size=1, max_size=60)


def scored(labels, score) -> Given:
    score = np.asarray(score, float)
    return Given((score > 0.5).astype(np.int64), np.column_stack([1 - score, score]))


def test_rows_are_counted_by_true_and_predicted_class(twins, biased):
    found = confusion(Given(biased), twins)
    assert found == confusion_matrix(twins.labels, biased).tolist()


@given(rows)
def test_the_curve_is_that_of_every_threshold(dataset_of, drawn):
    labels, score = [int(one) for one, _ in drawn], [level / 20 for _, level in drawn]
    curve = roc(scored(labels, score), dataset_of(labels=labels, classes=("no", "yes"), sex=["f"] * len(labels)))
    if len(set(labels)) == 1:
        assert curve is None
        return
    false, true, _ = roc_curve(labels, score, drop_intermediate=False)
    assert curve is not None
    assert curve.false_positive_rate == pytest.approx(false.tolist())
    assert curve.true_positive_rate == pytest.approx(true.tolist())
    assert curve.threshold[0] == 1.0
    assert sorted(curve.threshold, reverse=True) == curve.threshold


def test_a_curve_of_many_rows_is_drawn_with_few_points_between_the_same_ends(dataset_of):
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, 5000)
    score = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    curve = roc(scored(labels, score), dataset_of(labels=labels, classes=("no", "yes"), sex=["f"] * len(labels)))
    assert curve is not None
    assert len(curve.threshold) == POINTS + 1
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1.0, 1.0)
    area = auc(curve.false_positive_rate, curve.true_positive_rate)
    assert area == pytest.approx(roc_auc_score(labels, score), abs=0.001)


def test_where_a_picture_says_nothing_there_is_none(twins, biased, dataset_of):
    assert roc(Given(biased, np.full((len(twins), 3), 1 / 3)), twins) is None, "three classes"
    two = dataset_of(labels=[0, 1], classes=("no", "yes"), sex=["f", "m"])
    assert roc(Given(np.array([0, 1])), two) is None, "no probabilities"
    many = dataset_of(labels=[0, 1], classes=tuple(map(str, range(MOST_CLASSES + 1))), sex=["f", "m"])
    assert confusion(Given(np.array([0, 1])), many) is None
