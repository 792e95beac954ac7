"""Selection rate."""

from __future__ import annotations

from biasgate.statistics.metric import Answers, Mask, RateMetric, every


class SelectionRate(RateMetric):
    """(TP + FP) / rows: the share of rows that are predicted positive.

    Equal in all subgroups under demographic parity; the ratio of two of them is an impact ratio.
    """

    name = "selection_rate"
    usual = 0.3
    needs_truth = False
    disparity = "demographic_parity"

    def trials(self, answers: Answers) -> Mask:
        """All rows."""
        return every(answers)

    def successes(self, answers: Answers) -> Mask:
        """Predicted positive."""
        return answers.predicted == answers.positive
