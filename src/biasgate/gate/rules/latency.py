"""Latency: how long the inference of a sample may take."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import seconds
from biasgate.gate.decision import RuleResult
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measured, Measurements, Missing
from biasgate.gate.rule import Rule


class LatencyRule(Rule):
    """The upper bound of the median time of a sample, in seconds, must stay within ``max``; n is batches."""

    kind: Literal["latency"] = "latency"
    max: float = Field(gt=0)

    def words(self) -> str:
        return f"Inference may take at most {seconds(self.max)} a sample, in the median over batches."

    def check(self, found: Measurements) -> RuleResult:
        measured = found.evidence.latency
        if measured is None or not 0 < measured.low <= measured.value <= measured.high:
            raise Missing("The time of a sample was not measured, or over too few batches.")
        bounds = (measured.low, measured.high)
        number = Measured(measured.value, bounds, bounds, measured.n, measured.method)
        low, high = map(seconds, bounds)
        sentence = (
            f"A sample takes {seconds(measured.value)} [{low}, {high}] in the median (n = {measured.n} batches); "
            f"the policy allows {seconds(self.max)}."
        )
        return self.judged(at_most([number], self.max), number, threshold=self.max, sentence=sentence)

    def number(self, value: float) -> str:
        return seconds(value)
