"""Before the look: what would fail while a candidate is measured fails here, without its outputs."""

from __future__ import annotations

import numpy as np

from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.evaluation.measure import measure
from biasgate.models.card import CandidateCard
from biasgate.models.predictions import PredictionsCard


def preflight(card: CandidateCard | PredictionsCard, dataset: Dataset, spec: EvaluationSpec) -> None:
    """Measures a model that says the same of every row, as the candidate will be measured; forgets what came out.

    Args:
        card: The candidate's.
        dataset: What it is going to be measured on.
        spec: What to measure.

    Raises:
        InputError: It was trained on these very rows, or see ``measure``: the data has not what the spec asks for.
    """
    if card.training_data == dataset.digest:
        fix = "train on other data"
        raise InputError("the candidate was trained on the gate's test split", where=card.name, fix=fix)
    even = np.full((len(dataset), len(dataset.classes)), 1 / len(dataset.classes))
    measure(np.zeros_like(dataset.labels), dataset, spec, model="none", provider="none", probabilities=even)
