"""Running a candidate on a data set and measuring what it predicts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.data.columns import split
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError
from biasgate.evaluation.given import Given, submitted
from biasgate.evaluation.measure import Earlier, measure
from biasgate.evaluation.problems import takes_probabilities
from biasgate.models.as_served import run_as_served
from biasgate.models.package import CandidatePackage
from biasgate.models.predictions import Candidate, PredictionsPackage
from biasgate.models.sandbox.limits import Limits
from biasgate.models.sandbox.runner import Inference
from biasgate.statistics.median import median


def evaluate(
    package: Candidate,
    dataset: Dataset,
    spec: EvaluationSpec,
    *,
    before: Candidate | None = None,
    champion: Candidate | None = None,
    limits: Limits | None = None,
    said: Predictions | Given | None = None,
) -> Evaluation:
    """Runs a package on every sample and measures by subgroup; of predictions, what they say of every sample.

    Args:
        package: The model under test.
        dataset: What it is measured on.
        spec: What to measure.
        before: The package that a repair started from, run on the same rows.
        champion: What serves now, run on the same rows.
        limits: What each model may use.
        said: What the package said, where ``predict`` was asked before.

    Raises:
        InputError: A metric is unknown, or the card's task or classes do not fit the data set; see also ``measure``.
        CandidateError: The model cannot be run safely, or its outputs are not one finite number a class (see ``run``).
    """
    probable = takes_probabilities(spec)
    said = said or predict(package, dataset, limits=limits)
    return measure(
        said.classes,
        dataset,
        spec,
        model=package.digest,
        provider=said.provider,
        latency=said.latency(spec.confidence),
        probabilities=said.probabilities if probable else None,
        before=_earlier(before, dataset, probable=probable, limits=limits) if before else None,
        champion=_earlier(champion, dataset, probable=probable, limits=limits) if champion else None,
    )


def _earlier(package: Candidate, dataset: Dataset, *, probable: bool, limits: Limits | None) -> Earlier:
    said = predict(package, dataset, limits=limits)
    return Earlier(package.digest, said.classes, said.probabilities if probable else None)


@dataclass(frozen=True, eq=False)
class Predictions:
    """What a package said of every sample.

    Attributes:
        outputs: One column a class or label, ``[rows, classes]``, as the card's ``output`` says.
        output: ``logits`` or ``probabilities``.
        several: True when a sample may have several of the classes: they are labels.
        provider: ONNX Runtime provider that computed them.
        seconds: Seconds a sample that each batch took, ``[batches]``.
    """

    outputs: NDArray[np.float32]
    output: str
    several: bool
    provider: str
    seconds: NDArray[np.float64]

    @property
    def classes(self) -> NDArray[np.int64]:
        """The class with the highest output, ``[rows]``; of labels 1 where the probability is above a half,
        ``[rows, labels]``.
        """
        if self.several:
            return (self.outputs > (0.5 if self.output == "probabilities" else 0)).astype(np.int64)
        return self.outputs.argmax(axis=1).astype(np.int64)

    @property
    def probabilities(self) -> NDArray[np.float64]:
        """One probability a class or label, ``[rows, classes]``: the softmax of logits, of labels their sigmoid."""
        from scipy.special import expit, softmax

        values = self.outputs.astype(np.float64)
        if self.output == "probabilities":
            return values
        return np.asarray(expit(values) if self.several else softmax(values, axis=1))

    def latency(self, confidence: float) -> Estimate | None:
        """Median seconds a sample; None when there were too few batches for an interval at this confidence."""
        try:
            return median(self.seconds.tolist(), confidence=confidence)
        except InputError:
            return None


def predict(package: Candidate, dataset: Dataset, *, limits: Limits | None = None) -> Predictions | Given:
    """What a candidate says of every sample: a model is run (see ``run_on``), predictions are joined with the rows."""
    if isinstance(package, PredictionsPackage):
        return submitted(package, dataset)
    found, _ = run_on(package, dataset, limits=limits)
    return Predictions(
        outputs=found.logits,
        output=package.card.output,
        several=package.card.task == "multilabel",
        provider=found.provider,
        seconds=found.seconds,
    )


def run_on(package: CandidatePackage, dataset: Dataset, *, limits: Limits | None = None) -> tuple[Inference, float]:
    """What a package gives for every sample, and how much that differs between batches: see ``run_as_served``.

    Raises:
        InputError: The card's task or classes do not fit the data set.
        CandidateError: See ``run_as_served``.
    """
    card = package.card
    if (card.task == "multilabel") != (dataset.labels.ndim == 2):
        kinds = ("one class", "several labels")
        raise InputError(
            f"the card's task is {card.task!r}, and the data set gives a sample {kinds[dataset.labels.ndim - 1]}",
            where=card.name,
            fix="declare the task multilabel" if dataset.labels.ndim == 2 else "declare the task multiclass",
        )
    if card.classes != dataset.classes:
        raise InputError(
            f"the card's classes {list(card.classes)} are not the data set's {list(dataset.classes)}",
            where=card.name,
            fix="give both the same names in the same order",
        )
    columns = split(dataset.samples, dataset.columns)
    return run_as_served(package, dataset.samples, columns=columns, limits=limits)
