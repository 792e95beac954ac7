"""True negative rate, specificity."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric


class TrueNegativeRate(RateMetric):
    """TN / (FP + TN): the share of the negative rows that are predicted negative.

    Also called specificity.
    """

    name = "true_negative_rate"
    more_is_better = True

    def trials(self, answers: Answers) -> Mask:
        """Negative rows."""
        return answers.truth != answers.positive

    def successes(self, answers: Answers) -> Mask:
        """Predicted negative."""
        return answers.predicted != answers.positive
