"""What a person sees of a task's artifacts: whom they are about, and the numbers that runs are compared by."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from biasgate.contracts.evaluation import Evaluation
    from biasgate.gate.decision import Decision

RULES = 2
"""Rules whose numbers are shown: with verdict, reason and counts these are about eight lines."""
GAPS = 8
HELD_OUT = ("levels", "reference_levels", "rmse", "measured_bias_r2", "log_loss", "accepted", "failed_controls")
"""Of a meta-classifier's held-out scores; MLflow and the report have all."""


def about(source: str, *, digest: str, gate: int, run: str) -> dict[str, str | int]:
    """Whom an artifact is about: candidate, digest, gate, MLflow run; its page in MLflow where the environment says."""
    from biasgate.report.links import Links

    page = Links.of_environment().version(source)
    known = {"candidate": source, "digest": digest, "gate_entry": gate, "mlflow_run": run}
    return known | ({"mlflow_page": page} if page else {})


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


def held_out_numbers(scores: Mapping[str, float], outcome: str) -> Mapping[str, float | str]:
    """What became of a meta-classifier, and the scores by which readers are compared."""
    return {"outcome": outcome, **{name: scores[name] for name in HELD_OUT if name in scores}}
