"""Answer refit: a linear layer on the model's answers, fitted to the repair data."""

from __future__ import annotations

from typing import ClassVar

from biasgate.repair.method import Need
from biasgate.repair.methods.head_refit import HeadRefit


class AnswerRefit(HeadRefit):
    """Adds a linear layer on the logarithms of the model's answers, fitted so that every group counts alike.

    Matrix scaling (Guo et al., "On Calibration of Modern Neural Networks", arXiv 1706.04599) on group-balanced data: it
    moves thresholds between classes, the same for everybody, and reads nothing but answers. So it repairs trees and
    whatever else has neither gradients nor a linear head, and can do less than what reaches the features.

    Attributes:
        damping: λ of the penalty.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.ANSWERS})
    cost: ClassVar[str] = "a run of the model over the repair data"
    changes: ClassVar[str] = "nothing within the model: a linear layer is put behind its answers"
