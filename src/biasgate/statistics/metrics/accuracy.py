"""Accuracy."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric, every


class Accuracy(RateMetric):
    """rows whose prediction is their class / rows.

    With two classes (TP + TN) / (TP + FP + TN + FN).
    """

    name = "accuracy"
    more_is_better = True
    needs_positive = False

    def trials(self, answers: Answers) -> Mask:
        """All rows."""
        return every(answers)

    def successes(self, answers: Answers) -> Mask:
        """Right predictions."""
        return answers.predicted == answers.truth
