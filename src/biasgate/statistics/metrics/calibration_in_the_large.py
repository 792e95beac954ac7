"""Calibration in the large: whether risks are stated too high or too low on the whole."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.mean_score import MeanScore
from biasgate.statistics.metric import Answers


class CalibrationInTheLarge(MeanScore):
    """Σ (p_i − y_i) / rows, where p is the probability of the positive class and y is 1 where it is true.

    The mean risk that is stated less the share that it befalls (Cox, Biometrika 45:562, 1958; Steyerberg, Clinical
    Prediction Models, 2009): between −1 and 1, below 0 in a subgroup whose risk is understated.
    """

    name = "calibration_in_the_large"
    smallest = -1.0
    ends = (-1.0, 1.0)
    needs_positive = True
    needs_probabilities = True

    def values(self, answers: Answers) -> NDArray[np.float64]:
        """Stated less true, a row."""
        return answers.score - (answers.truth == answers.positive)
