"""False positive rate."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric


class FalsePositiveRate(RateMetric):
    """FP / (FP + TN): the share of the negative rows that are predicted positive.

    1 − true negative rate.
    """

    name = "false_positive_rate"
    more_is_better = False

    def trials(self, answers: Answers) -> Mask:
        """Negative rows."""
        return answers.truth != answers.positive

    def successes(self, answers: Answers) -> Mask:
        """Predicted positive."""
        return answers.predicted == answers.positive
