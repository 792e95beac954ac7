"""Size: how large a package may be."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.rule import Rule


class SizeRule(Rule):
    """The package's files may hold at most ``max`` bytes together."""

    kind: Literal["size"] = "size"
    max: int = Field(gt=0)

    def words(self) -> str:
        return f"The package may hold at most {self.max:,} bytes."

    def check(self, found: Measurements) -> RuleResult:
        size = found.evidence.size
        if size is None:
            raise Missing("The size of the package was not measured.")
        sentence = f"The package holds {size:,} bytes; the policy allows {self.max:,}."
        return self.known(size, most=self.max, sentence=sentence)

    def number(self, value: float) -> str:
        return f"{value:,.0f}"
