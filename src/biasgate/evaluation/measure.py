"""Measuring predictions: pure arithmetic from predictions and a data set to an ``Evaluation``."""

from __future__ import annotations

from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.evaluation.cells import cells
from biasgate.evaluation.changes import changes
from biasgate.evaluation.gaps import gaps
from biasgate.evaluation.outcomes import Outcomes, outcomes
from biasgate.evaluation.schema import Evaluation, EvaluationSpec, combination
from biasgate.evaluation.swaps import swap_rate


def measure(
    predictions: NDArray[np.int64],
    dataset: Dataset,
    spec: EvaluationSpec,
    *,
    model: str,
    provider: str,
    before: tuple[str, NDArray[np.int64]] | None = None,
) -> Evaluation:
    """Every metric of ``spec`` in every subgroup, the gaps between subgroups, and the change against ``before``.

    The order of rows never matters.

    Args:
        predictions: Class index a row, ``[rows]``.
        dataset: What was predicted; one label a row.
        spec: What to measure.
        model: Digest of the package that predicted.
        provider: ONNX Runtime provider that was used.
        before: Digest and predictions ``[rows]`` of the package that a repair started from.

    Raises:
        InputError: The set is empty, multi-label or lacks an attribute, a prediction is missing or no class, or the
            positive class is unknown.
    """
    _check(predictions, dataset)
    found = outcomes(dataset, spec, predictions)
    groups = [list(group) for _, group in groupby(found, key=_family)]
    if before:
        _check(before[1], dataset)
    return Evaluation(
        model=model,
        data=dataset.digest,
        spec=digest(spec),
        rows=len(dataset),
        units=len(np.unique(dataset.units)),
        cells=tuple(cell for group in groups for cell in cells(group, spec)),
        gaps=tuple(gap for group in groups for gap in gaps(group, spec)),
        swap_rate=swap_rate(dataset, spec, predictions),
        changes=tuple(changes(outcomes(dataset, spec, before[1]), found, spec)) if before else (),
        before=before[0] if before else None,
        provider=provider,
    )


def _family(found: Outcomes) -> tuple[str, str]:
    return found.metric, combination(found.subgroup)


def _check(predictions: NDArray[np.int64], dataset: Dataset) -> None:
    if not len(dataset):
        raise InputError("there is nothing to measure: no rows", where=dataset.name)
    if dataset.labels.ndim != 1:
        raise InputError("multi-label sets cannot be measured yet", where=dataset.name, fix="give one label a row")
    if predictions.shape != dataset.labels.shape:
        raise InputError(f"{len(predictions)} predictions for {len(dataset)} rows", where=dataset.name)
    for what, indices in (("label", dataset.labels), ("prediction", predictions)):
        if indices.min() < 0 or indices.max() >= len(dataset.classes):
            raise InputError(f"a {what} is none of the {len(dataset.classes)} classes", where=dataset.name)
