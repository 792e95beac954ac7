"""Baselines that move the last layer by convex fits: refit, gradient step, DFR; importing this imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.groups import groups_of
from biasgate.repair.head import LinearHead, Samples
from biasgate.repair.methods.last_layer import head_of, read_features, repair_head
from biasgate.repair.methods.newton import replacement, searched
from biasgate.repair.methods.refit import refit
from biasgate.repair.methods.unlearning import GRID, Damping, balanced_features, found_pairs

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

REFITS = 10
"""Group-balanced draws that DFR averages."""
NEVER = -1e3
"""Logit of a class that no sample of a draw has."""


@dataclass(frozen=True)
class Penalty:
    """What DFR's grid varies.

    Attributes:
        inverse: C of scikit-learn: one over the strength of the L1 penalty.
    """

    inverse: float


PENALTIES = (Penalty(10.0), Penalty(1.0))


def refitted(settings: Damping, classifier: PixelClassifier, data: Material, _seed: int) -> LinearHead:
    """The optimum that unlearning starts from, without the step."""
    return _optimum(balanced_features(classifier, data), classifier, settings)


def stepped(settings: Damping, classifier: PixelClassifier, data: Material, _seed: int) -> LinearHead:
    """Unlearning with the identity in the Hessian's place: the same start, pairs and search of the length."""
    samples = balanced_features(classifier, data)
    head, pairs = _optimum(samples, classifier, settings), found_pairs(samples, data)
    return searched(head, replacement(head, pairs), pairs)


def reweighted(settings: Penalty, classifier: PixelClassifier, data: Material, seed: int) -> LinearHead:
    """DFR (Kirichenko et al., arXiv 2204.02937): L1 logistic regression on group-balanced draws, averaged.

    Features are standardised and each draw has as many of every label × aligned or conflicting as the rarest has.
    """
    samples, rng = read_features(classifier, data), np.random.default_rng(seed)
    groups, classes = groups_of(data).numpy(), len(head_of(classifier.network).bias)
    draws = [samples.take(balanced_draw(groups, rng)) for _ in range(REFITS)]
    model = sparse_model(settings.inverse)
    heads = [sparse_head(model, draw, spread_of(samples), classes=classes) for draw in draws]
    return LinearHead(np.mean([head.theta for head in heads], axis=0))


def spread_of(samples: Samples) -> NDArray[np.float64]:
    """Standard deviation of each feature ``[d]``."""
    return samples.features.std(axis=0).clip(min=1e-6)


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
    """The model fitted, as a head; a class that no sample has is never decided for."""
    mean = samples.features.mean(axis=0)
    model.fit((samples.features - mean) / spread, samples.labels)
    scores = np.column_stack([model.coef_ / spread, model.intercept_ - model.coef_ / spread @ mean])
    if len(model.classes_) == 2:
        scores = np.stack([-scores[0], scores[0]]) / 2
    theta = np.zeros((classes, samples.features.shape[1] + 1))
    theta[:, -1] = NEVER
    theta[model.classes_] = scores
    return LinearHead(theta)


def _optimum(samples: Samples, classifier: PixelClassifier, settings: Damping) -> LinearHead:
    return refit(samples, classes=len(head_of(classifier.network).bias), damping=settings.damping)


refit_head = partial(repair_head, grid=GRID, edit=refitted)
gradient_step = partial(repair_head, grid=GRID, edit=stepped)
deep_feature_reweighting = partial(repair_head, grid=PENALTIES, edit=reweighted)
