"""``biasgate.evaluate``: predictions, or a model and data, measured by subgroup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from biasgate.api.evaluation import Evaluation
from biasgate.api.policy import load_policy
from biasgate.contracts.evaluation import EvaluationSpec
from biasgate.errors import InputError
from biasgate.extras import needs
from biasgate.gate.declaration import Inference
from biasgate.gate.policy import Policy
from biasgate.statistics import catalogue

if TYPE_CHECKING:
    from biasgate.data.dataset import Dataset
    from biasgate.data.source import DataSource
    from biasgate.models.predictions import Candidate

RATES = ("accuracy", "selection_rate", "true_positive_rate", "false_positive_rate")
SCORES = ("roc_auc", "calibration_error")
WEIGHTED_SCORES = ("calibration_in_the_large",)


@overload
def evaluate(
    *,
    y_true: Any,
    y_pred: Any = ...,
    scores: Any = ...,
    attributes: Any,
    clusters: Any = ...,
    weights: Any = ...,
    classes: Sequence[object] | None = ...,
    metrics: Sequence[str] | None = ...,
    positive: object | None = ...,
    depth: int | None = ...,
    confidence: float | None = ...,
    minimum: int | None = ...,
    policy: Policy | str | Path | None = ...,
) -> Evaluation: ...


@overload
def evaluate(
    model: Candidate | str | Path,
    data: Dataset | DataSource | str | Path,
    *,
    metrics: Sequence[str] | None = ...,
    positive: object | None = ...,
    depth: int | None = ...,
    confidence: float | None = ...,
    minimum: int | None = ...,
    policy: Policy | str | Path | None = ...,
    inference: Mapping[str, object] | None = ...,
) -> Evaluation: ...


def evaluate(
    model: Candidate | str | Path | None = None,
    data: Dataset | DataSource | str | Path | None = None,
    *,
    y_true: Any = None,
    y_pred: Any = None,
    scores: Any = None,
    attributes: Any = None,
    clusters: Any = None,
    weights: Any = None,
    classes: Sequence[object] | None = None,
    metrics: Sequence[str] | None = None,
    positive: object | None = None,
    depth: int | None = None,
    confidence: float | None = None,
    minimum: int | None = None,
    policy: Policy | str | Path | None = None,
    inference: Mapping[str, object] | None = None,
) -> Evaluation:
    """Measures a classifier by subgroup, every number with its interval.

    Give either predictions (``y_true`` with ``y_pred``, ``scores`` or both, and ``attributes``), in pandas, numpy or
    lists, or a ``model`` and ``data``, which is run in a sandbox. Rows of predictions are joined by position; an index
    that pandas keeps is not looked at.

    Args:
        model: A candidate's package, or the folder that holds it; a package of predictions is measured without a run.
        data: The data set to run it on, or what ``biasgate data describe`` takes: a file or URI, ``builtin:digits``.
        y_true: True class of each row, any text or whole number ``[n]``.
        y_pred: Predicted class of each row ``[n]``; the class with the highest score when left out.
        scores: Probability of the positive class of each row ``[n]``, or of every class ``[n, classes]``.
        attributes: Sensitive attributes of each row: a table, a named column, or a mapping of names to columns.
        clusters: What each row belongs to ``[n]``, such as a person: rows of one cluster are not independent.
        weights: Sampling weights: how many of the population each row stands for ``[n]``, above zero. Rates and their
            bounds are then the population's.
        classes: Class names in the order of the columns of ``scores``; by default those of ``y_true``, sorted.
        metrics: Names of rates and scores (see ``EvaluationSpec``); by default accuracy and, of two classes, selection
            rate, true and false positive rate, and of ``scores`` also the area under the ROC curve and the calibration
            error; with ``weights`` the calibration in the large.
        positive: The class that counts as positive; by default the second of two.
        depth: Most attributes that are crossed; 1 by default, 2 adds every pair.
        confidence: Two-sided confidence of every interval; .95 by default.
        minimum: Fewest clusters of a subgroup that gets a value; 30 by default.
        policy: A policy, its name, file or URI: it says what is measured, so that none of the five above may.
        inference: What a model may use, in a gate's words, such as ``{"seconds": 1800, "memory": "6GiB"}``.

    Raises:
        InputError: Lengths differ, a value is missing (says in which column and row), or the arguments do not fit.
        CandidateError: The model cannot be run safely.
        MissingExtraError: A model is to be run and ONNX Runtime is not installed.

    Examples:
        >>> import biasgate
        >>> evaluation = biasgate.evaluate(
        ...     y_true=["repaid", "defaulted"] * 100,
        ...     y_pred=["repaid", "defaulted"] * 80 + ["repaid", "repaid"] * 20,
        ...     attributes={"sex": ["female"] * 100 + ["male"] * 100},
        ...     positive="repaid",
        ... )
        >>> gap = evaluation.to_frame("gaps").query("metric == 'false_positive_rate'").iloc[0]
        >>> print(f"{gap.higher} − {gap.lower}: {gap.value:.2f} [{gap.low:.2f}, {gap.high:.2f}]")
        sex = male − sex = female: 0.40 [0.24, 0.55]
    """
    asked = {"metrics": metrics, "positive": positive, "depth": depth, "confidence": confidence, "minimum": minimum}
    asked = {name: value for name, value in asked.items() if value is not None}
    rules = load_policy(policy) if isinstance(policy, str | Path) else policy
    if rules and asked:
        raise InputError(
            f"the policy says what to measure, not {', '.join(asked)}", where=rules.name, fix="leave out one"
        )
    if model is not None and data is not None and y_true is None:
        return _of_model(model, data, rules, asked, Inference.build(inference or {}, where="inference"))
    if model is not None or y_true is None:
        raise InputError("nothing to evaluate", fix="give a model and data, or y_true with y_pred or scores")
    return _of_predictions(
        rules,
        asked,
        y_true=y_true,
        y_pred=y_pred,
        scores=scores,
        attributes=attributes,
        clusters=clusters,
        weights=weights,
        classes=classes,
    )


def _of_predictions(policy: Policy | None, asked: dict[str, Any], **given: Any) -> Evaluation:
    from biasgate.api.predictions import predictions
    from biasgate.evaluation.given import measure_given

    found = predictions(**given, positive=policy.evaluation.positive if policy else asked.get("positive"))
    spec = policy.evaluation if policy else _spec(found.dataset, asked, scored=found.given.probabilities is not None)
    return Evaluation.of(measure_given(found.given, found.dataset, spec))


def _of_model(
    model: Candidate | str | Path,
    data: Dataset | DataSource | str | Path,
    policy: Policy | None,
    asked: dict[str, Any],
    inference: Inference,
) -> Evaluation:
    from biasgate.data.dataset import Dataset
    from biasgate.data.source import open_dataset
    from biasgate.evaluation.evaluate import evaluate as run_and_measure
    from biasgate.models.candidates import open_candidate
    from biasgate.models.package import CandidatePackage
    from biasgate.models.sandbox.limits import Limits

    package = open_candidate(Path(model)) if isinstance(model, str | Path) else model
    if isinstance(package, CandidatePackage):
        needs("onnx")
        needs("onnxruntime")
    dataset = data if isinstance(data, Dataset) else open_dataset(str(data) if isinstance(data, Path) else data)
    spec = policy.evaluation if policy else _spec(dataset, asked, scored=False)
    return Evaluation.of(run_and_measure(package, dataset, spec, limits=Limits(**inference.limits)))


def _spec(dataset: Dataset, asked: dict[str, Any], *, scored: bool) -> EvaluationSpec:
    """What to measure without a policy: what was asked for, by every attribute of the data."""
    binary = len(dataset.classes) == 2 or "positive" in asked or dataset.labels.ndim == 2
    usual_scores = WEIGHTED_SCORES if dataset.weights is not None else SCORES
    told = [name for name in usual_scores if binary or not catalogue.SCORES[name].needs_positive]
    usual = (*(RATES if binary else RATES[:1]), *(told if scored else ()))
    names = asked.get("metrics", usual)
    scores = [name for name in names if name in catalogue.SCORES]
    spec = {
        **asked,
        "attributes": list(dataset.attributes),
        "metrics": [name for name in names if name not in scores],
        "scores": scores or None,
    }
    if "positive" in spec:
        spec["positive"] = str(spec["positive"])
    return EvaluationSpec.build(spec, where="evaluate")
