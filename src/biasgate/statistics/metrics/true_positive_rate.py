"""True positive rate, recall, sensitivity."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric


class TruePositiveRate(RateMetric):
    """TP / (TP + FN): the share of the positive rows that are predicted positive.

    Also called recall or sensitivity; equal in all subgroups under equal opportunity (Hardt, Price and Srebro 2016).
    """

    name = "true_positive_rate"
    more_is_better = True
    disparity = "equal_opportunity"

    def trials(self, answers: Answers) -> Mask:
        """Positive rows."""
        return answers.truth == answers.positive

    def successes(self, answers: Answers) -> Mask:
        """Predicted positive."""
        return answers.predicted == answers.positive
