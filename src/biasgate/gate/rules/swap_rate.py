"""Swap rate: how often only the attribute decides."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import rate
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measurements
from biasgate.gate.rule import Rule


class SwapRateRule(Rule):
    """The upper bound of the swap rate must stay within ``max``.

    The share of counterfactual pairs, samples with the attribute changed and all else equal, whose decisions differ.
    A gap can be 0 where flips cancel; a swap rate cannot.
    """

    kind: Literal["swap_rate"] = "swap_rate"
    max: float = Field(ge=0, le=1)

    about_bias = True
    proves = True

    def words(self) -> str:
        return f"At most {rate(self.max)} of the counterfactual pairs may get two different decisions."

    def check(self, found: Measurements) -> RuleResult:
        number = found.swap_rate()
        judgement = at_most([number], self.max)
        sentence = (
            f"{number.as_rate()} of the counterfactual pairs get two different decisions; the policy allows "
            f"{rate(self.max)}."
        )
        return self.judged(judgement, number, threshold=self.max, sentence=sentence)

    def number(self, value: float) -> str:
        return rate(value)
