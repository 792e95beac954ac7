"""What of a decision a person compares between runs: the verdict, and the numbers that it hangs on."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.decision import Decision

RULES = 2
"""Rules whose numbers are shown: with verdict, reason and counts these are about eight lines."""
GAPS = 8


def decision_numbers(decision: Decision) -> Mapping[str, float | str]:
    """Verdict, first reason, how many rules failed or stay open, and value, bound and limit of those that decided."""
    from biasgate.gate.decision import decisive

    outcomes = [result.outcome for result in decision.rules]
    numbers: dict[str, float | str] = {
        "verdict": decision.verdict,
        "reason": decision.reasons[0] if decision.reasons else "every rule passes",
        "rules failed": outcomes.count("fail"),
        "rules open": outcomes.count("insufficient"),
    }
    for result in decisive(decision.rules)[:RULES]:
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
