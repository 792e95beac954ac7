"""One example of each kind of rule, for the suite that every rule has to pass: a new rule adds its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Evaluation
from biasgate.gate.decision import Outcome

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
Parts = dict[str, Any]
Measure = Callable[..., Evaluation]


@dataclass(frozen=True, kw_only=True)
class Example:
    """A rule, and evidence that makes it fail; what is not named is of evidence that passes every rule.

    Attributes:
        rule: As YAML, without an id.
        bad: From a function that really measures a candidate, to the parts of evidence that violate the rule.
        verdict: What it finds then: a rule about the amount of evidence never fails.
        good: Likewise the parts that it needs to pass, where the usual evidence does not hold them.
        contradictory: Parts that cannot be true; those of evaluations are made for every rule.
    """

    rule: str
    bad: Callable[[Measure], Parts]
    verdict: Outcome = "fail"
    good: Callable[[Measure], Parts] = lambda _: {}
    contradictory: Parts | None = None


def _repaired(evaluation: Evaluation) -> Parts:
    """As if the champion were what a repair started from."""
    changed = evaluation.model_copy(
        update={"changes": evaluation.champion.changes, "before": evaluation.champion.model}
    )
    return {"evaluation": changed, "repaired_from": evaluation.champion.model}


def _few(evaluation: Evaluation) -> Parts:
    return {
        "evaluation": evaluation.model_copy(
            update={"cells": tuple(cell.model_copy(update={"clusters": 50}) for cell in evaluation.cells)}
        )
    }


def _swapped(evaluation: Evaluation, share: float) -> Parts:
    swaps = Estimate(value=share, low=max(0.0, share - 0.02), high=min(1.0, share + 0.02), n=500, method="wilson")
    return {"evaluation": evaluation.model_copy(update={"swap_rate": swaps})}


CALIBRATION = Example(
    rule="{kind: calibration, attribute: sex, max: 0.12}",
    bad=lambda measure: {"evaluation": measure(women=0.3, sure=0.99)},
)
SLOW = Estimate(value=0.02, low=0.015, high=0.03, n=30, method="order statistics")

EXAMPLES = {
    "swap_rate": Example(
        rule="{kind: swap_rate, max: 0.1}",
        good=lambda measure: _swapped(measure(), 0.04),
        bad=lambda measure: _swapped(measure(), 0.2),
    ),
    "calibration": CALIBRATION,
    "ceiling": replace(CALIBRATION, rule="{kind: ceiling, metric: calibration_error, attribute: sex, max: 0.12}"),
    "champion": Example(
        rule="{kind: champion, attribute: sex, max: 0.05}", bad=lambda measure: {"evaluation": measure(women=0.2)}
    ),
    "coverage": Example(
        rule="{kind: coverage, attribute: sex, subgroups: [{sex: f}], clusters: 400}",
        bad=lambda measure: _few(measure()),
        verdict="insufficient",
    ),
    "floor": Example(rule="{kind: floor, min: 0.85}", bad=lambda measure: {"evaluation": measure(women=0.3, men=0.3)}),
    "freshness": Example(
        rule="{kind: freshness, days: 100}",
        bad=lambda _: {"evaluation_data_from": AT - timedelta(days=200)},
        contradictory={"evaluation_data_from": AT + timedelta(days=1)},
    ),
    "gap": Example(
        rule="{kind: gap, attribute: sex, max: 0.10}", bad=lambda measure: {"evaluation": measure(women=0.3)}
    ),
    "latency": Example(
        rule="{kind: latency, max: 0.01}",
        bad=lambda _: {"latency": SLOW},
        contradictory={"latency": SLOW.model_copy(update={"low": 0.003, "value": 0.002, "high": 0.001})},
    ),
    "onnx_parity": Example(
        rule="{kind: onnx_parity, max: 0.001}", bad=lambda _: {"parity": 0.1}, contradictory={"parity": -1e-6}
    ),
    "ratio": Example(
        rule="{kind: ratio, attribute: sex, min: 0.70}",
        bad=lambda measure: {"evaluation": measure(women_chosen=False)},
    ),
    "repair_cost": Example(
        rule="{kind: repair_cost, subgroup: {}, max: 0.05}",
        bad=lambda measure: _repaired(measure(women=0.3)),
        good=lambda measure: _repaired(measure()),
    ),
    "size": Example(rule="{kind: size, max: 1000000}", bad=lambda _: {"size": 1_000_001}),
    "worst_group": Example(
        rule="{kind: worst_group, attribute: sex, min: 0.80}", bad=lambda measure: {"evaluation": measure(women=0.3)}
    ),
}
