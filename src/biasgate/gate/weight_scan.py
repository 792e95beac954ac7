"""What the scan of the weights may do: stop a candidate or call a person, never approve one."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from biasgate.contracts.scan import Scan
from biasgate.contracts.wording import rate
from biasgate.documents import Document
from biasgate.gate.decision import Outcome, RuleResult
from biasgate.gate.evidence import Evidence

Reaction = Literal["ignore", "require_human", "reject"]


class WeightScanRule(Document):
    """What the weight scan may do: it can stop a candidate or call a person, never approve one.

    Attributes:
        flag_levels: A candidate is flagged when these levels together reach ``flag_probability``.
    """

    flag_levels: tuple[str, ...] = Field(min_length=1)
    flag_probability: float = Field(default=0.5, gt=0, le=1)
    on_flag: Reaction
    on_abstain: Reaction

    def words(self) -> str:
        """What it does, in words."""
        does = {"ignore": "nothing", "require_human": "calls a person to sign", "reject": "rejects"}
        return (
            f"The weight scan flags weights that read as {_either(self.flag_levels)} bias with probability "
            f"{rate(self.flag_probability)} or more; a flag: {does[self.on_flag]}; an abstention: "
            f"{does[self.on_abstain]}. It never approves."
        )


def weight_scan(rule: WeightScanRule, evidence: Evidence) -> tuple[RuleResult, bool]:
    """The result of the scan, and whether it calls for a person.

    A flag and an abstention do what the policy says. A scan that is missing or cannot be used is insufficient, unless
    the policy ignores whatever a scan may say.
    """
    scan = evidence.scan
    if rule.on_flag == rule.on_abstain == "ignore":
        return _result("pass", "The policy ignores the weight scan."), False
    if scan is None:
        return _result("insufficient", "The candidate's weights were not scanned."), False
    if fault := _fault(scan, rule, evidence):
        return _result("insufficient", fault), False
    if scan.abstained:
        return _react(rule.on_abstain, f"The weight scan abstained ({scan.reason})", bias=False)
    flagged = sum(scan.probabilities[level] for level in rule.flag_levels)
    finding = f"the weights read as {_either(rule.flag_levels)} bias with probability {rate(min(flagged, 1.0))}"
    if flagged < rule.flag_probability:
        return _result("pass", f"Not flagged: {finding}, below {rate(rule.flag_probability)}."), False
    return _react(rule.on_flag, f"Flagged: {finding}", bias=True)


def _fault(scan: Scan, rule: WeightScanRule, evidence: Evidence) -> str | None:
    if scan.model != evidence.candidate.digest:
        return "The weight scan is of another model: its digest is not the candidate's."
    if scan.abstained:
        return None
    if unknown := sorted(set(rule.flag_levels) - set(scan.probabilities)):
        return f"The weight scan knows no level {', '.join(unknown)}."
    shares = scan.probabilities.values()
    if min(shares) < 0 or abs(sum(shares) - 1) > 1e-3:
        return "The weight scan's probabilities do not add up to one."
    return None


def _react(reaction: Reaction, finding: str, *, bias: bool) -> tuple[RuleResult, bool]:
    match reaction:
        case "ignore":
            return _result("pass", f"{finding}; the policy ignores it."), False
        case "require_human":
            return _result("pass", f"{finding}; a person must sign before promotion."), True
        case "reject":
            return _result("fail", f"{finding}; the policy rejects it.", bias=bias), False


def _result(outcome: Outcome, sentence: str, *, bias: bool = False) -> RuleResult:
    return RuleResult(rule="weight_scan", outcome=outcome, sentence=sentence, bias=bias)


def _either(levels: tuple[str, ...]) -> str:
    return " or ".join(level.replace("_", " ") for level in levels)
