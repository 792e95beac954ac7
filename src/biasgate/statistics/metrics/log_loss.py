"""Log-loss: the mean surprise at the truth, which a few sure and wrong rows can rule."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.linear import standard_error, student
from biasgate.statistics.metric import Answers, Number, ScoreMetric

TINY = float(np.finfo(np.float64).eps)
"""Probabilities are held between this and one less it, as scikit-learn does."""
MOST = -math.log(TINY)
"""The loss of a row that the model ruled out: 36.04."""


class LogLoss(ScoreMetric):
    """−Σ log p_i / rows, where p_i is the probability of row i's class, held within 2.2e-16 of 0 and 1.

    In nats, between 0 and 36.04; log 2 = .69 for two classes when the probabilities tell nothing.
    """

    name = "log_loss"
    more_is_better = False
    largest = math.inf
    cluster = "nats"
    needs_probabilities = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """Student's t on the logarithm reports, on rows and two clusters more decides. See ``ScoreMetric.number``."""
        losses = row_losses(answers.known_probabilities, answers.truth)
        mean = float(losses.mean())
        return Number(
            value=mean,
            parts=(losses - mean) / len(losses),
            clusters=clusters,
            limits=lambda level: loss_limits(losses, clusters, confidence=level),
            bounds=lambda level: loss_bounds(losses, clusters, confidence=level),
            method="t, log",
            decided_by="t, two units more",
        )


def row_losses(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """−log of the probability of each row's class, in nats, between 0 and ``MOST``; ``[rows]``.

    Args:
        probabilities: One column a class, ``[rows, classes]``.
        truth: Class index, ``[rows]``.
    """
    return -np.log(np.clip(probabilities[np.arange(len(truth)), truth], TINY, 1 - TINY))


def loss_limits(losses: NDArray[np.float64], clusters: NDArray[np.int64], *, confidence: float) -> tuple[float, float]:
    """Interval to report for the mean loss: Student's t on its logarithm, by the delta method over clusters."""
    mean = float(losses.mean())
    if mean <= 0:
        return loss_bounds(losses, clusters, confidence=confidence)
    count = len(np.unique(clusters))
    reach = student(confidence, count) * standard_error((losses - mean) / len(losses), clusters) / mean
    return mean * math.exp(-reach), mean * math.exp(reach)


def loss_bounds(losses: NDArray[np.float64], clusters: NDArray[np.int64], *, confidence: float) -> tuple[float, float]:
    """Bounds to decide with: Student's t, on rows, one cluster more that lost all it could and one that lost nothing.

    A mean of losses up to 36 has no sharp bound that always holds: a share of rows too rare to be seen may cost more
    than all others. The added clusters are ours (as in ``clustered.design_effect``); they keep the bound from trusting
    that what was not seen is not there, at a price of some 36/clusters.
    """
    mean, names = float(losses.mean()), np.unique(clusters)
    average = max(1, round(len(losses) / len(names)))
    more = np.concatenate([losses, np.full(average, MOST), np.zeros(average)])
    belong = np.concatenate([clusters, np.repeat(names.max() + np.array([1, 2]), average)])
    raised = float(more.mean())
    reach = student(confidence, len(names)) * standard_error((more - raised) / len(more), belong)
    return max(0.0, mean - reach), raised + reach
