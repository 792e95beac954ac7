"""Precision."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric


class Precision(RateMetric):
    """TP / (TP + FP): the share of the rows predicted positive that are positive.

    Its trials are each model's own, so that two models have no paired change of it.
    """

    name = "precision"
    more_is_better = True
    paired = False

    def trials(self, answers: Answers) -> Mask:
        """Rows predicted positive."""
        return answers.predicted == answers.positive

    def successes(self, answers: Answers) -> Mask:
        """Right predictions."""
        return answers.predicted == answers.truth
