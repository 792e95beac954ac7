"""What of a decision a person compares between runs: the verdict, and the numbers that it hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.decision import Decision, RuleResult

RULES = 2
"""Rules whose numbers are shown: with verdict, reason and counts these are about eight lines."""
GAPS = 8

_ORDER = {"fail": 0, "insufficient": 1, "pass": 2}


def decision_numbers(decision: Decision) -> Mapping[str, float | str]:
    """Verdict, first reason, how many rules failed or stay open, and value, bound and limit of those nearest to it."""
    outcomes = [result.outcome for result in decision.rules]
    numbers: dict[str, float | str] = {
        "verdict": decision.verdict,
        "reason": decision.reasons[0] if decision.reasons else "every rule passes",
        "rules failed": outcomes.count("fail"),
        "rules open": outcomes.count("insufficient"),
    }
    compared = [result for result in decision.rules if result.bound is not None and result.threshold is not None]
    for result in sorted(compared, key=_nearness)[:RULES]:
        parts = {"value": result.value, "bound": result.bound, "limit": result.threshold}
        numbers |= {f"{result.rule} {part}": number for part, number in parts.items() if number is not None}
    return numbers


def widest_gaps(evaluation: Evaluation) -> Mapping[str, float]:
    """The widest measured gap of each metric and attribute, widest first; rates where nothing was compared."""
    widest: dict[str, float] = {}
    for gap in evaluation.gaps:
        if gap.estimate:
            name = f"gap of {' '.join(filter(None, (gap.metric, gap.label)))} over {gap.attribute}"
            widest[name] = max(widest.get(name, 0.0), abs(gap.estimate.value))
    shown = widest or evaluation.values()
    return dict(sorted(shown.items(), key=lambda item: -item[1])[:GAPS])


def _nearness(result: RuleResult) -> tuple[int, float]:
    """Failed before open before passed; among those, the bound that is nearest to its limit, in parts of the limit."""
    bound, limit = result.bound or 0.0, result.threshold or 0.0
    return _ORDER[result.outcome], abs(bound - limit) / (abs(limit) or 1)
