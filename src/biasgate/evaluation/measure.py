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
from biasgate.evaluation.ratios import ratios
from biasgate.evaluation.schema import Change, Comparison, Evaluation, EvaluationSpec, combination
from biasgate.evaluation.scores import scores
from biasgate.evaluation.swaps import swap_rate
from biasgate.statistics.estimate import Estimate

Earlier = tuple[str, NDArray[np.int64]]
"""Digest and predictions ``[rows]`` of another package on the same data."""


def measure(
    predictions: NDArray[np.int64],
    dataset: Dataset,
    spec: EvaluationSpec,
    *,
    model: str,
    provider: str,
    probabilities: NDArray[np.float64] | None = None,
    before: Earlier | None = None,
    champion: Earlier | None = None,
    latency: Estimate | None = None,
) -> Evaluation:
    """Every metric of ``spec`` in every subgroup, gaps and ratios between subgroups, changes against earlier models.

    The order of rows never matters.

    Args:
        predictions: Class index a row, ``[rows]``.
        dataset: What was predicted; one label a row.
        spec: What to measure.
        model: Digest of the package that predicted.
        provider: ONNX Runtime provider that was used.
        probabilities: One row a sample, one column a class; needed by the spec's scores only.
        before: The package that a repair started from.
        champion: What serves now.
        latency: Median seconds that a sample took.

    Raises:
        InputError: The set is empty, multi-label or lacks an attribute, a prediction is missing or no class, the
            positive class is unknown, or probabilities are needed and are none.
    """
    _check(predictions, dataset)
    if spec.scores:
        _check_probabilities(probabilities, dataset)
    found = outcomes(dataset, spec, predictions)
    groups = [list(group) for _, group in groupby(found, key=_family)]

    def against(earlier: Earlier) -> tuple[Change, ...]:
        _check(earlier[1], dataset)
        return tuple(changes(outcomes(dataset, spec, earlier[1]), found, spec))

    return Evaluation(
        model=model,
        data=dataset.digest,
        spec=digest(spec),
        rows=len(dataset),
        units=len(np.unique(dataset.units)),
        cells=tuple(cell for group in groups for cell in cells(group, spec)),
        gaps=tuple(gap for group in groups for gap in gaps(group, spec)),
        ratios=tuple(ratio for group in groups for ratio in ratios(group, spec)),
        scores=tuple(scores(dataset, spec, probabilities)) if probabilities is not None and spec.scores else None,
        swap_rate=swap_rate(dataset, spec, predictions),
        changes=against(before) if before else (),
        before=before[0] if before else None,
        champion=Comparison(model=champion[0], changes=against(champion)) if champion else None,
        provider=provider,
        latency=latency,
        collected=dataset.collected,
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


def _check_probabilities(probabilities: NDArray[np.float64] | None, dataset: Dataset) -> None:
    if probabilities is None or probabilities.shape != (len(dataset), len(dataset.classes)):
        raise InputError("the scores need one probability a class for every row", where=dataset.name)
    if not ((probabilities >= 0).all() and np.allclose(probabilities.sum(axis=1), 1, atol=1e-3)):
        raise InputError("probabilities must not be negative and must add up to one a row", where=dataset.name)
