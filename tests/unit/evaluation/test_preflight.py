"""What would fail while a candidate is measured fails before the look."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.evaluation.preflight import preflight
from biasgate.models.card import CandidateCard, InputContract

ROWS = 80


@pytest.fixture
def dataset() -> Dataset:
    return Dataset(
        samples=np.zeros((ROWS, 2), np.float32),
        labels=np.arange(ROWS) % 3,
        classes=("a", "b", "c"),
        attributes=pd.DataFrame({"sex": ["f", "m"] * (ROWS // 2)}),
        clusters=np.arange(ROWS),
    )


def card(**more: str) -> CandidateCard:
    values = {"name": "m", "training_data": "sha256:t", "submitter": "ana", **more}
    return CandidateCard(classes=("a", "b", "c"), input=InputContract(shape=(2,), layout="rows"), **values)  # pyright: ignore[reportArgumentType]


def test_what_can_be_measured_passes_with_scores_too(dataset):
    spec = EvaluationSpec(attributes=("sex",), metrics=("selection_rate",), scores=("roc_auc",), positive="b")
    assert preflight(card(), dataset, spec) is None


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (EvaluationSpec(attributes=("race",)), "no attribute 'race'"),
        (EvaluationSpec(attributes=("sex",), metrics=("no_such",)), "no_such"),
        (EvaluationSpec(attributes=("sex",), metrics=("selection_rate",), positive="d"), "positive"),
        (EvaluationSpec(attributes=("sex",), metrics=("selection_rate",)), "positive"),
    ],
)
def test_what_the_data_has_not_is_named(dataset, spec, message):
    with pytest.raises(InputError, match=message):
        preflight(card(), dataset, spec)


def test_a_candidate_of_the_test_splits_own_rows_is_refused(dataset):
    with pytest.raises(InputError, match="trained on the gate's test split"):
        preflight(card(training_data=dataset.digest), dataset, EvaluationSpec(attributes=("sex",)))
