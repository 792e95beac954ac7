"""ONNX parity: how far the served form may be from its source."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.rule import Rule


class ParityRule(Rule):
    """The ONNX form may differ from its source by at most ``max`` in any logit.

    The source is the architecture that the card declares, with the weights of the graph. A candidate that is one form
    alone has none, so that nothing could differ: the rule then passes and says that it does not apply.

    Attributes:
        source: ``required`` makes a candidate without a source insufficient evidence.
    """

    kind: Literal["onnx_parity"] = "onnx_parity"
    max: float = Field(gt=0)
    source: Literal["required"] | None = None

    def words(self) -> str:
        source = "and there must be one" if self.source else "where there is one"
        return f"The ONNX form's logits may differ from its source's by at most {self.max:.1g}, {source}."

    def check(self, found: Measurements) -> RuleResult:
        parity = found.evidence.parity
        if parity is None and found.evidence.has_source is False:
            return self._alone()
        if parity is None or parity < 0:
            raise Missing("The ONNX form was not compared with its source.")
        sentence = (
            f"The ONNX form's logits differ from its source's by at most {parity:.1g}; "
            f"the policy allows {self.max:.1g}."
        )
        return self.known(parity, most=self.max, sentence=sentence)

    def _alone(self) -> RuleResult:
        """The result for a candidate that is one form alone."""
        if self.source:
            raise Missing("The card declares no architecture to compare the ONNX form with; the policy requires one.")
        sentence = "Does not apply: the candidate is one form alone, and its card declares no architecture to compare."
        return RuleResult(rule=self.id, outcome="pass", threshold=self.max, sentence=sentence)
