"""Calibration: how far the model's confidence may be from how often it is right."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import rate
from biasgate.gate.rule import Needs, combination_of, everywhere
from biasgate.gate.rules.ceiling import UpperLimit
from biasgate.statistics.metrics.calibration_error import CalibrationError


class CalibrationRule(UpperLimit):
    """The upper bound of the calibration error must stay within ``max``.

    Attributes:
        attribute: In every subgroup of it as well as over the whole set.
    """

    kind: Literal["calibration"] = "calibration"
    max: float = Field(ge=0, le=1)

    def words(self) -> str:
        return f"The calibration error may be at most {rate(self.max)}{everywhere(self.attribute)}."

    def needs(self) -> Needs:
        return Needs(CalibrationError.name, (combination_of(self.attribute),))
