"""Measuring predictions: pure arithmetic from predictions and a data set to an ``Evaluation``."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Change, Comparison, Evaluation, EvaluationSpec
from biasgate.data.copies import counted_once
from biasgate.data.dataset import Dataset
from biasgate.documents import digest
from biasgate.errors import InputError
from biasgate.evaluation.cells import cells
from biasgate.evaluation.changes import changes
from biasgate.evaluation.cut import cuts
from biasgate.evaluation.disparities import disparities
from biasgate.evaluation.gaps import gaps
from biasgate.evaluation.outcomes import families
from biasgate.evaluation.pairs import Pairs, comparisons
from biasgate.evaluation.problems import problems, takes_probabilities
from biasgate.evaluation.ratios import ratios
from biasgate.evaluation.score_changes import score_changes
from biasgate.evaluation.score_gaps import score_gaps
from biasgate.evaluation.scored import scored
from biasgate.evaluation.scores import scores
from biasgate.evaluation.swaps import swap_rate
from biasgate.statistics.catalogue import SCORES, asked


@dataclass(frozen=True, eq=False)
class Earlier:
    """What another model said of the same data.

    Attributes:
        model: Digest of its package.
        predictions: As for ``measure``.
        probabilities: Likewise; without them the spec's scores are not compared.
    """

    model: str
    predictions: NDArray[np.int64]
    probabilities: NDArray[np.float64] | None = None


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

    The order of rows never matters. Copies of a sample count once (``copies.counted_once``).

    Args:
        predictions: Class index a row, ``[rows]``; of a multi-label set 0 or 1 a label, ``[rows, labels]``.
        dataset: What was predicted.
        spec: What to measure.
        model: Digest of the package that predicted.
        provider: ONNX Runtime provider that was used.
        probabilities: One row a sample, one column a class or label; needed by the spec's scores only.
        before: The package that a repair started from.
        champion: What serves now.
        latency: Median seconds that a sample took.

    Raises:
        InputError: A metric or the positive class is unknown, the set is empty or lacks an attribute, a prediction is
            missing or no class, probabilities are needed and are none, or a score has no bounds for the set's sampling
            weights.
    """
    _check(predictions, dataset)
    check_attributes(dataset, spec)
    taken = takes_probabilities(spec)
    if taken:
        _check_needed(probabilities, dataset, spec)
    _check_weights(dataset, spec)
    questions = problems(dataset, spec, predictions, probabilities if taken else None)
    counted = counted_once(dataset)
    distinct = counted.dataset
    parts = cuts(distinct, spec)
    groups = list(families(parts, spec, questions))
    compared = [
        (group, Pairs.of(group, spec, given=given))
        for group in groups
        for given in comparisons(group[0].subgroup, spec)
    ]
    told = [(scores(family, spec), score_gaps(family, spec)) for family in scored(parts, spec, questions)]

    def against(earlier: Earlier) -> tuple[Change, ...]:
        _check(earlier.predictions, dataset)
        then = problems(dataset, spec, earlier.predictions, earlier.probabilities if taken else None)
        rates = changes(parts, then, questions, spec)
        if taken and earlier.probabilities is None:
            return tuple(rates)
        if taken:
            check_probabilities(earlier.probabilities, dataset)
        return (*rates, *score_changes(scored(parts, spec, then), scored(parts, spec, questions), spec))

    return Evaluation(
        model=model,
        data=dataset.digest,
        spec=digest(spec),
        labels=tuple(one.label for one in questions if one.label) or None,
        rows=len(dataset),
        clusters=parts[0].cluster_count,
        cells=tuple(cell for group in groups for cell in cells(group, spec)),
        gaps=(*(gap for one in compared for gap in gaps(*one, spec)), *(gap for _, found in told for gap in found)),
        ratios=tuple(ratio for one in compared for ratio in ratios(*one, spec)),
        disparities=tuple(disparities([group for group, pairs in compared if not pairs.given], spec)),
        scores=tuple(score for found, _ in told for score in found) if spec.scores else None,
        swap_rate=swap_rate(distinct, spec, predictions) if parts[0].repeat and dataset.weights is None else None,
        changes=against(before) if before else (),
        before=before.model if before else None,
        champion=Comparison(model=champion.model, changes=against(champion)) if champion else None,
        provider=provider,
        latency=latency,
        collected=dataset.collected,
        truth=_truth(dataset),
        copies=counted.copies or None,
        alike=counted.alike or None,
        unknown={"*".join(sorted(cut.attributes)): cut.unknown for cut in parts if cut.unknown} or None,
        dropped=dataset.dropped or None,
        pooled=dataset.pooled or None,
    )


def _truth(dataset: Dataset) -> dict[str, int]:
    """Rows of each class, or with each label."""
    several = dataset.labels.ndim == 2
    counts = dataset.labels.sum(axis=0) if several else np.bincount(dataset.labels, minlength=len(dataset.classes))
    return dict(zip(dataset.classes, counts.tolist(), strict=True))


def _check(predictions: NDArray[np.int64], dataset: Dataset) -> None:
    if not len(dataset):
        raise InputError("there is nothing to measure: no rows", where=dataset.name)
    if predictions.shape != dataset.labels.shape:
        found, expected = (" x ".join(map(str, array.shape)) for array in (predictions, dataset.labels))
        raise InputError(f"{found} predictions for {expected} labels", where=dataset.name)
    if dataset.labels.ndim == 2 and dataset.labels.shape[1] != len(dataset.classes):
        raise InputError(
            f"{dataset.labels.shape[1]} columns of labels for {len(dataset.classes)} names", where=dataset.name
        )
    top = 2 if dataset.labels.ndim == 2 else len(dataset.classes)
    for what, indices in (("label", dataset.labels), ("prediction", predictions)):
        if indices.min() < 0 or indices.max() >= top:
            several = "neither 0 nor 1" if dataset.labels.ndim == 2 else f"none of the {top} classes"
            raise InputError(f"a {what} is {several}", where=dataset.name)


def _check_weights(dataset: Dataset, spec: EvaluationSpec) -> None:
    unweighted = [name for name in spec.scores or () if not SCORES[name].weighted]
    if dataset.weights is not None and unweighted:
        raise InputError(
            f"{unweighted[0]} has no bounds for sampling weights",
            where=dataset.name,
            fix="leave it out of the scores, or the weights out of the data",
        )


def check_attributes(dataset: Dataset, spec: EvaluationSpec) -> None:
    """Refuses a spec that asks for attributes which a data set has not.

    Raises:
        InputError: It does; names them and those that there are.
    """
    if missing := [name for name in spec.attributes if name not in dataset.attributes]:
        raise InputError(
            f"no attribute {', '.join(map(repr, missing))}",
            where=dataset.name,
            fix=f"it has {', '.join(sorted(dataset.attributes)) or 'none'}: name yours in a copy of the policy, under "
            "`evaluation: attributes` and in its rules, or add the column to the data's attributes",
        )


def _check_needed(probabilities: NDArray[np.float64] | None, dataset: Dataset, spec: EvaluationSpec) -> None:
    """Says what of the spec needs probabilities where there are none."""
    if probabilities is None:
        named = [metric.name for metric in asked(spec) if metric.needs_probabilities] or ["operating points"]
        part = "label" if dataset.labels.ndim == 2 else "class"
        raise InputError(
            f"{', '.join(named)} cannot be measured without a probability of every {part} for every row",
            where=dataset.name,
            fix="give them: scores= in Python, --probability with a table; or leave it out of what is measured",
        )
    check_probabilities(probabilities, dataset)


def check_probabilities(probabilities: NDArray[np.float64] | None, dataset: Dataset) -> None:
    """Refuses what are no probabilities of a data set's rows.

    Raises:
        InputError: There are none, not one a class or label and row, or they are below 0, above 1, or do not add up.
    """
    several = dataset.labels.ndim == 2
    if probabilities is None or probabilities.shape != (len(dataset), len(dataset.classes)):
        one = "label" if several else "class"
        raise InputError(f"the scores need one probability a {one} for every row", where=dataset.name)
    if not ((probabilities >= 0) & (probabilities <= 1 + 1e-6)).all():
        raise InputError("probabilities must lie between 0 and 1", where=dataset.name)
    if not several and not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3):
        raise InputError("probabilities must add up to one a row", where=dataset.name)
