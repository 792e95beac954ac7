"""Running a candidate on a data set and measuring what it predicts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.evaluation.measure import measure
from biasgate.evaluation.schema import Evaluation, EvaluationSpec
from biasgate.models.package import CandidatePackage
from biasgate.models.runner import run


def evaluate(
    package: CandidatePackage, dataset: Dataset, spec: EvaluationSpec, *, before: CandidatePackage | None = None
) -> Evaluation:
    """Runs ``package`` (and ``before``, when a repair is judged) on every sample and measures by subgroup.

    Raises:
        InputError: The card's task or classes do not fit the data set; see also ``measure``.
        CandidateError: The model cannot be run safely, or its outputs are not one finite number a class (see ``run``).
    """
    predictions, provider = predict(package, dataset)
    earlier = (before.digest, predict(before, dataset)[0]) if before else None
    return measure(predictions, dataset, spec, model=package.digest, provider=provider, before=earlier)


def predict(package: CandidatePackage, dataset: Dataset) -> tuple[NDArray[np.int64], str]:
    """The class with the highest output for each sample ``[rows]``, and the provider that computed it."""
    card = package.card
    if card.task == "multilabel":
        raise InputError("multi-label models cannot be measured yet", where=card.name, fix="give a multi-class model")
    if card.classes != dataset.classes:
        raise InputError(
            f"the card's classes {list(card.classes)} are not the data set's {list(dataset.classes)}",
            where=card.name,
            fix="give both the same names in the same order",
        )
    outputs = run(package, dataset.samples)
    return outputs.logits.argmax(axis=1).astype(np.int64), outputs.provider
