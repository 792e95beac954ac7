"""False negative rate."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric


class FalseNegativeRate(RateMetric):
    """FN / (TP + FN): the share of the positive rows that are predicted negative.

    1 − true positive rate.
    """

    name = "false_negative_rate"
    more_is_better = False

    def trials(self, answers: Answers) -> Mask:
        """Positive rows."""
        return answers.truth == answers.positive

    def successes(self, answers: Answers) -> Mask:
        """Predicted negative."""
        return answers.predicted != answers.positive
