"""How far stated confidence is from the share that is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.binned_error import binned_number
from biasgate.statistics.metric import Answers, Number, ScoreMetric


class CalibrationError(ScoreMetric):
    """Σ_b |Σ_{i∈b} (confidence_i − right_i)| / rows, over ten bins b of equal width.

    Expected calibration error: how far the probability of the predicted class is from the share that is right. A risk
    that is understated everywhere may cancel in it, since what is missing at p is missing at 1 − p the other way round:
    see ``positive_calibration_error`` and ``calibration_in_the_large``.
    """

    name = "calibration_error"
    more_is_better = False
    needs_probabilities = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """One interval reports and decides. See ``ScoreMetric.number`` and ``binned_number``."""
        probabilities = answers.known_probabilities
        return binned_number(probabilities.max(axis=1), probabilities.argmax(axis=1) == answers.truth, clusters)
