"""The rules table: each result with its bound and threshold in the unit of its rule."""

from __future__ import annotations

from dataclasses import dataclass

from biasgate.contracts import wording
from biasgate.gate.decision import Decision, Outcome, RuleResult
from biasgate.gate.policy import Policy
from biasgate.report.text import plain, points, words


@dataclass(frozen=True, kw_only=True)
class RuleRow:
    """One line of the table; ``how`` says by which method and over how many units the bound was found."""

    name: str
    outcome: Outcome
    sentence: str
    bound: str
    how: str
    threshold: str


def rule_rows(decision: Decision, policy: Policy) -> list[RuleRow]:
    """One row a result, those that stand in the way of an approval first."""
    kinds = {rule.id: rule.kind for rule in policy.rules}
    order: tuple[Outcome, ...] = ("fail", "insufficient", "pass")
    results = sorted(decision.rules, key=lambda result: order.index(result.outcome))
    return [_row(result, kinds.get(result.rule, "")) for result in results]


def _row(result: RuleResult, kind: str) -> RuleRow:
    found = result.bound if result.bound is not None else result.value
    how = [result.method, f"n\u00a0{result.n}" if result.n else None]
    sign = "≥" if kind in ("floor", "worst_group", "ratio", "coverage") else "≤"
    return RuleRow(
        name=words(result.rule).capitalize().replace("Onnx", "ONNX"),
        outcome=result.outcome,
        sentence=result.sentence,
        bound="" if found is None else _number(found, kind),
        how="" if found is None else ", ".join(filter(None, how)),
        threshold="" if result.threshold is None else f"{sign} {_number(result.threshold, kind)}",
    )


def _number(value: float, kind: str) -> str:
    match kind:
        case "floor" | "worst_group" | "ratio" | "calibration" | "ceiling":
            return wording.rate(value)
        case "gap" | "repair_cost" | "champion":
            return f"{points(value)} points"
        case "coverage" | "size":
            return f"{value:,.0f}"
        case "latency":
            return wording.seconds(value)
        case _:
            return plain(value)
