"""ONNX parity: how far the served form may be from its source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.rule import Rule


class ParityRule(Rule):
    """The ONNX form may differ from its source by at most ``max`` in any logit."""

    kind: Literal["onnx_parity"] = "onnx_parity"
    max: float = Field(gt=0)

    def words(self) -> str:
        return f"The ONNX form's logits may differ from its source's by at most {self.max:.1g}."

    def check(self, found: Measurements) -> RuleResult:
        parity = found.evidence.parity
        if parity is None or parity < 0:
            raise Missing("The ONNX form was not compared with its source.")
        sentence = (
            f"The ONNX form's logits differ from its source's by at most {parity:.1g}; "
            f"the policy allows {self.max:.1g}."
        )
        return self.known(parity, most=self.max, sentence=sentence)
