"""fairlearn's mitigations as baselines on tables: the results are randomised predictors and no networks.

Our reading of both as repairs of a candidate: the reduction learns logistic heads on the candidate's own features, the
post-processing learns thresholds on the candidate's own probabilities. Both aim at equalised odds. They learn from the
same rows as every arm and have two settings, chosen on the same validation clusters by the same measure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from fairlearn.postprocessing import ThresholdOptimizer
from fairlearn.reductions import EqualizedOdds, ErrorRate, ExponentiatedGradient
from numpy.typing import NDArray
from repair_worlds import World
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData

DRAWS = 32
"""Random decisions of a row that its probability is the mean of."""
ALLOWED = 0.02
"""Violation of equalised odds that the reduction allows."""
OBJECTIVES = ("accuracy", "balanced accuracy")
"""The grid: what is sought under the constraint."""

Decide = Callable[[RepairData], NDArray[np.float64]]
"""From rows to the probability that the decision is 1, ``[n]``."""
Make = Callable[[PixelClassifier, RepairData, str], Decide]
"""From the candidate, what is learned from and an objective."""


@dataclass(frozen=True, eq=False)
class Randomised:
    """A predictor that draws its decisions, and how it was chosen."""

    decide: Decide
    objective: str


def exponentiated_gradient(candidate: PixelClassifier, data: RepairData, objective: str) -> Decide:
    """Agarwal et al., arXiv 1803.02453: a mixture of logistic heads."""
    weight = 0.5 if objective == "accuracy" else float(data.labels.double().mean())
    head = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    mixture = ExponentiatedGradient(
        head,
        EqualizedOdds(difference_bound=ALLOWED),
        objective=ErrorRate(costs={"fp": weight, "fn": 1 - weight}),
        sample_weight_name="logisticregression__sample_weight",
    )
    mixture.fit(features(candidate, data), data.labels.numpy(), sensitive_features=data.values.numpy())
    return lambda rows: drawn(mixture, features(candidate, rows))


def threshold_optimizer(candidate: PixelClassifier, data: RepairData, objective: str) -> Decide:
    """Hardt et al., arXiv 1610.02413: thresholds by the attribute's value, which must be known when deciding."""
    sought = "accuracy_score" if objective == "accuracy" else "balanced_accuracy_score"
    chooser = ThresholdOptimizer(
        estimator=Probabilities(),
        constraints="equalized_odds",
        objective=sought,
        predict_method="predict_proba",
    )
    chooser.fit(probabilities(candidate, data), data.labels.numpy(), sensitive_features=data.values.numpy())
    return lambda rows: drawn(chooser, probabilities(candidate, rows), sensitive_features=rows.values.numpy())


BASELINES: dict[str, Make] = {
    "ExponentiatedGradient": exponentiated_gradient,
    "ThresholdOptimizer": threshold_optimizer,
}


def chosen(make: Make, world: World, data: RepairData, validation: torch.Tensor) -> Randomised:
    """The better objective on validation clusters, learned again from all repair data."""
    candidate = PixelClassifier(world.network, world.contract)
    training, held_out = data.take(~validation), data.take(validation)
    objective = max(OBJECTIVES, key=lambda tried: merit(make(candidate, training, tried), held_out))
    return Randomised(make(candidate, data, objective), objective)


def merit(decide: Decide, data: RepairData) -> tuple[float, float]:
    """``Trial.merit`` in expectation: of aligned and conflicting accuracy the worse, then the sum."""
    right = np.where(data.labels == 1, decide(data), 1 - decide(data))
    labels, aligned = data.labels.numpy(), data.aligned.numpy()
    sides = [
        float(np.mean([right[side & (labels == label)].mean() for label in (0, 1)])) for side in (aligned, ~aligned)
    ]
    return min(sides), sum(sides)


def swap_rate(decide: Decide, aligned: RepairData, conflicting: RepairData) -> float:
    """Probability that a pair's two decisions, drawn independently, differ."""
    first, second = decide(aligned), decide(conflicting)
    return float((first * (1 - second) + second * (1 - first)).mean())


def features(candidate: PixelClassifier, data: RepairData) -> NDArray[np.float64]:
    """What reaches the candidate's last layer."""
    with torch.no_grad():
        return candidate.features(data.samples).double().numpy()


def probabilities(candidate: PixelClassifier, data: RepairData) -> NDArray[np.float64]:
    """The candidate's own ``[n, 2]``."""
    with torch.no_grad():
        return candidate(data.samples).double().softmax(dim=1).numpy()


def drawn(predictor: Any, rows: NDArray[np.float64], **given: Any) -> NDArray[np.float64]:
    """Share of a row's decisions that are 1."""
    return np.mean([predictor.predict(rows, random_state=draw, **given) for draw in range(DRAWS)], axis=0)


class Probabilities(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are its probabilities: nothing is left to learn."""

    def fit(self, _rows: NDArray[np.float64], labels: NDArray[np.int64]) -> Probabilities:
        """Takes note of the classes."""
        self.classes_ = np.unique(labels)
        return self

    def predict_proba(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """The rows."""
        return rows
