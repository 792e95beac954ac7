"""The rules table: each result with its bound and threshold in the cluster of its rule."""

from __future__ import annotations

from dataclasses import dataclass

from biasgate.contracts.wording import words
from biasgate.gate.decision import Decision, Outcome, RuleResult, worst_first
from biasgate.gate.policy import Policy
from biasgate.gate.rule import Rule
from biasgate.report.text import typographic


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One line of the table; ``how`` says by which method and over how many clusters the bound was found."""

    name: str
    outcome: Outcome
    sentence: str
    bound: str
    how: str
    threshold: str


def rule_rows(decision: Decision, policy: Policy) -> list[RuleRow]:
    """One row a result, those that stand in the way of an approval first; see ``worst_first``."""
    rules = {rule.id: rule for rule in policy.rules}
    return [_row(result, rules.get(result.rule)) for result in worst_first(decision.rules)]


def reasons(decision: Decision) -> list[str]:
    """The decision's reasons, those with the numbers that decided first and what the gate checks of itself last."""
    ordered = [result.sentence for result in worst_first(decision.rules) if result.sentence in decision.reasons]
    return [*ordered, *(reason for reason in decision.reasons if reason not in ordered)]


def _row(result: RuleResult, rule: Rule | None) -> RuleRow:
    """The gate's own checks, which are no rule of the policy, have neither bound nor threshold."""

    def number(value: float | None) -> str:
        return "" if value is None or rule is None else typographic(rule.number(value))

    bound = number(result.bound if result.bound is not None else result.value)
    how = [result.method, f"n\u00a0{result.n}" if result.n else None]
    threshold = number(result.threshold)
    return RuleRow(
        name=words(result.rule).capitalize().replace("Onnx", "ONNX"),
        outcome=result.outcome,
        sentence=result.sentence,
        bound=bound,
        how=", ".join(filter(None, how)) if bound else "",
        threshold=f"{rule.sign} {threshold}" if rule and threshold else "",
    )
