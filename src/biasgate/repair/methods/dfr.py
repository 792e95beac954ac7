"""DFR, deep feature reweighting: logistic regression on group-balanced draws, averaged."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.repair.budget import still_allowed
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.groups import groups_of
from biasgate.repair.heads.last_layer import class_count, read_features
from biasgate.repair.heads.linear import LinearHead, Samples
from biasgate.repair.heads.method import HeadMethod

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

DRAWS = 10
"""Group-balanced draws whose heads are averaged."""
NEVER = -1e3
"""Logit of a class that no sample of a draw has."""


class Dfr(HeadMethod):
    """Fits the last layer anew to data in which each label has as many aligned as conflicting samples.

    Kirichenko et al., "Last Layer Re-Training is Sufficient for Robustness to Spurious Correlations", arXiv 2204.02937:
    features are standardised, the penalty is L1, and heads of ten draws are averaged. It needs a linear last layer.

    Attributes:
        inverse: C of scikit-learn: one over the strength of the L1 penalty.
    """

    cost: ClassVar[str] = "some seconds of one core for some hundred samples"

    inverse: float = Field(gt=0)

    @classmethod
    def grid(cls) -> tuple[Self, ...]:
        """Two strengths of the penalty."""
        return cls(inverse=10.0), cls(inverse=1.0)

    def head(self, classifier: PixelClassifier, data: RepairData, *, seed: int) -> LinearHead:
        """The mean of the draws' heads."""
        samples, rng = read_features(classifier, data), np.random.default_rng(seed)
        groups, classes = groups_of(data).numpy(), class_count(classifier)
        draws = [samples.take(balanced_draw(groups, rng)) for _ in range(DRAWS)]
        model, spread = sparse_model(self.inverse), samples.features.std(axis=0).clip(min=1e-6)
        heads = list[LinearHead]()
        for draw in draws:
            still_allowed()
            heads.append(sparse_head(model, draw, spread, classes=classes))
        return LinearHead(np.mean([head.theta for head in heads], axis=0))


def balanced_draw(groups: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows in which every group is as frequent as the rarest, without replacement."""
    present, counts = np.unique(groups, return_counts=True)
    draws = [rng.choice(np.flatnonzero(groups == group), counts.min(), replace=False) for group in present]
    return np.concatenate(draws)


def sparse_model(inverse: float) -> LogisticRegression:
    """scikit-learn's L1 logistic regression; each fit starts where the last one ended, for its draw is much alike."""
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(
        l1_ratio=1.0, solver="saga", C=inverse, max_iter=300, tol=1e-3, warm_start=True, random_state=0
    )


def sparse_head(
    model: LogisticRegression, samples: Samples, spread: NDArray[np.float64], *, classes: int
) -> LinearHead:
    """The model fitted, as a head; a class that no sample has is never decided for.

    Args:
        model: What is fitted.
        samples: What it is fitted to.
        spread: Standard deviation of each feature ``[d]``, above 0.
        classes: Of the head.
    """
    mean = samples.features.mean(axis=0)
    model.fit((samples.features - mean) / spread, samples.labels)
    scores = np.column_stack([model.coef_ / spread, model.intercept_ - model.coef_ / spread @ mean])
    if len(model.classes_) == 2:
        scores = np.stack([-scores[0], scores[0]]) / 2
    theta = np.zeros((classes, samples.features.shape[1] + 1))
    theta[:, -1] = NEVER
    theta[model.classes_] = scores
    return LinearHead(theta)
