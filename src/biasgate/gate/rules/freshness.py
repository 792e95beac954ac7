"""Freshness: how old data may be when the decision is made."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import Field

from biasgate.gate.decision import RuleResult
from biasgate.gate.measurements import Measurements, Missing
from biasgate.gate.rule import Rule


class FreshnessRule(Rule):
    """Data may be at most ``days`` old when the decision is made."""

    kind: Literal["freshness"] = "freshness"
    of: Literal["evaluation_data", "training_data"] = "evaluation_data"
    days: int = Field(gt=0)

    def words(self) -> str:
        return f"The {self._what} may be at most {self.days} days old."

    def check(self, found: Measurements) -> RuleResult:
        evidence = found.evidence
        since = evidence.evaluation_data_from if self.of == "evaluation_data" else evidence.training_data_from
        if since is None:
            raise Missing(f"The {self._what} has no date.")
        if since > found.at:
            raise Missing(f"The {self._what} is dated {since:%Y-%m-%d}, after the decision.")
        days = (found.at - since) / timedelta(days=1)
        sentence = f"The {self._what} is {days:.1f} days old; the policy allows {self.days}."
        return self.known(days, most=self.days, sentence=sentence)

    @property
    def _what(self) -> str:
        return self.of.replace("_", " ")
