"""How far the stated probability of the positive class is from its share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.statistics.binned_error import binned_number
from biasgate.statistics.metric import Answers, Number, ScoreMetric


class PositiveCalibrationError(ScoreMetric):
    """Σ_b |Σ_{i∈b} (p_i − y_i)| / rows, over ten bins b of p, the probability of the positive class.

    y is 1 where that class is true. Expected calibration error of the positive class: 0 in a subgroup whose scores mean
    what they say, as calibration within groups asks (Kleinberg, Mullainathan and Raghavan, ITCS 2017).
    """

    name = "positive_calibration_error"
    more_is_better = False
    needs_positive = True
    needs_probabilities = True

    def number(self, answers: Answers, clusters: NDArray[np.int64]) -> Number:
        """One interval reports and decides. See ``ScoreMetric.number`` and ``binned_number``."""
        return binned_number(answers.score, answers.truth == answers.positive, clusters)
