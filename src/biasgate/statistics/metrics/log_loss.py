"""Log-loss: the mean surprise at the truth, which a few sure and wrong rows can rule."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.mean_score import MeanScore
from biasgate.statistics.metric import Answers

TINY = float(np.finfo(np.float64).eps)
"""Probabilities are held between this and one less it, as scikit-learn does."""
MOST = -math.log(TINY)
"""The loss of a row that the model ruled out: 36.04."""


class LogLoss(MeanScore):
    """−Σ log p_i / rows, where p_i is the probability of row i's class, held within 2.2e-16 of 0 and 1.

    In nats, between 0 and 36.04; log 2 = .69 for two classes when the probabilities tell nothing. Its upper bound is
    some 133 / rows above its value at least: so much may hide in rows too rare to be seen.
    """

    name = "log_loss"
    more_is_better = False
    largest = math.inf
    ends = (0.0, MOST)
    cluster = "nats"
    needs_probabilities = True

    def values(self, answers: Answers) -> NDArray[np.float64]:
        """The loss of each row."""
        return row_losses(answers.known_probabilities, answers.truth)


def row_losses(probabilities: NDArray[np.float64], truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """−log of the probability of each row's class, in nats, between 0 and ``MOST``; ``[rows]``.

    Args:
        probabilities: One column a class, ``[rows, classes]``.
        truth: Class index, ``[rows]``.
    """
    return -np.log(np.clip(probabilities[np.arange(len(truth)), truth], TINY, 1 - TINY))
