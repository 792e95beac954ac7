"""Calibration: how far the probabilities that a model states may be from what comes true."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import rate, words
from biasgate.gate.metric_names import CalibrationName
from biasgate.gate.rule import Needs, combination_of, everywhere
from biasgate.gate.rules.ceiling import UpperLimit
from biasgate.statistics.catalogue import METRICS
from biasgate.statistics.metrics.calibration_error import CalibrationError


class CalibrationRule(UpperLimit):
    """The bounds of a calibration metric must stay within ``max`` of 0, on either side.

    Attributes:
        metric: ``positive_calibration_error``, or ``calibration_in_the_large``, which is signed: risks may be stated
            neither too high nor too low; ``calibration_error``, of the predicted class, when absent.
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["calibration"] = "calibration"
    metric: CalibrationName | None = None
    max: float = Field(ge=0, le=1)

    def words(self) -> str:
        metric = self.needs().metric
        either = " either way" if METRICS[metric].smallest < 0 else ""
        return f"The {words(metric)} may be at most {rate(self.max)}{either}{everywhere(self.attribute)}."

    def needs(self) -> Needs:
        return Needs(self.metric or CalibrationError.name, (combination_of(self.attribute),))
