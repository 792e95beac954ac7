from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Evaluation
from biasgate.contracts.scan import Scan
from biasgate.data.dataset import Dataset
from biasgate.evaluation.measure import Earlier, measure
from biasgate.gate.decide import decide
from biasgate.gate.decision import RuleResult
from biasgate.gate.evidence import Champion, Evidence, Subject
from biasgate.gate.policy import Policy, read_policy

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODEL, CHAMPION = "sha256:" + "1" * 64, "sha256:" + "2" * 64
POLICY = """
name: every kind of rule
evaluation:
  metrics: [accuracy, selection_rate]
  scores: [calibration_error]
  attributes: [sex]
weight_scan: {flag_levels: [high], on_flag: require_human, on_abstain: require_human}
rules:
  - {id: floor, kind: floor, min: 0.85}
  - {id: worst, kind: worst_group, attribute: sex, min: 0.80}
  - {id: gap, kind: gap, attribute: sex, max: 0.10}
  - {id: ratio, kind: ratio, attribute: sex, min: 0.70}
  - {id: calibration, kind: calibration, attribute: sex, max: 0.12}
  - {id: coverage, kind: coverage, attribute: sex, subgroups: [{sex: f}], clusters: 400}
  - {id: champion, kind: champion, attribute: sex, max: 0.05}
  - {id: cost, kind: repair_cost, subgroup: {}, max: 0.05}
  - {id: parity, kind: onnx_parity, max: 0.001}
  - {id: fresh, kind: freshness, days: 100}
  - {id: fresh_training, kind: freshness, of: training_data, days: 1000}
  - {id: size, kind: size, max: 1000000}
  - {id: latency, kind: latency, max: 0.01}
looks: 2
"""


@pytest.fixture(scope="session")
def asked() -> Policy:
    """A policy with every kind of rule."""
    return read_policy(POLICY)


@pytest.fixture(scope="session")
def people() -> Dataset:
    """1,000 people of two classes, half of either sex."""
    labels = np.tile([0, 1], 500)
    return Dataset(
        samples=np.zeros((1000, 1), np.float32),
        labels=labels,
        classes=("no", "yes"),
        attributes=pd.DataFrame({"sex": np.repeat(["f", "m"], 500)}),
        clusters=np.arange(1000),
    )


@pytest.fixture(scope="session")
def measured(asked: Policy, people: Dataset) -> Callable[..., Evaluation]:
    """Really measures a candidate that errs on these shares of women and men, sure of itself as told."""

    def build(women: float = 0.05, men: float = 0.05, *, sure: float = 0.95, women_chosen: bool = True) -> Evaluation:
        rng = np.random.default_rng(0)
        female = people.attribute("sex") == "f"
        chance = rng.permuted(np.tile(np.arange(500) / 500, (2, 1)), axis=1).ravel()
        said = np.where(chance < np.where(female, women, men), 1 - people.labels, people.labels)
        if not women_chosen:
            said = np.where(female & (rng.random(1000) < 0.5), 0, said)
        return measure(
            said,
            people,
            asked.evaluation,
            model=MODEL,
            provider="CPUExecutionProvider",
            probabilities=np.where(np.arange(2) == said[:, None], sure, 1 - sure),
            champion=Earlier(CHAMPION, np.where(chance < 0.04, 1 - people.labels, people.labels)),
        )

    return build


@pytest.fixture(scope="session")
def good(measured: Callable[..., Evaluation]) -> Evaluation:
    return measured()


@pytest.fixture(scope="session")
def rich(good: Evaluation) -> Callable[..., Evidence]:
    """Evidence that passes every rule, save for what is named."""
    usual = {
        "candidate": Subject(name="n", source="s", digest=MODEL, training_data="sha256:train", submitter="ana"),
        "scan": Scan(
            model=MODEL, meta_classifier="m", probabilities={"none": 0.9, "high": 0.1}, abstained=False, reason="r"
        ),
        "evaluation": good,
        "parity": 1e-6,
        "champion": Champion(version="3", digest=CHAMPION),
        "size": 200_000,
        "latency": Estimate(value=0.003, low=0.002, high=0.004, n=30, method="order statistics"),
        "evaluation_data_from": AT - timedelta(days=30),
        "training_data_from": AT - timedelta(days=300),
        "looks": 1,
        "code": "0.1.0",
    }
    return lambda **named: Evidence(**{**usual, **named})


@pytest.fixture(scope="session")
def result(asked: Policy) -> Callable[[str, Evidence], RuleResult]:
    """What one rule of the policy finds."""

    def of(rule: str, evidence: Evidence, **changes: Any) -> RuleResult:
        rules = tuple(r.model_copy(update=changes) if r.id == rule else r for r in asked.rules)
        (found,) = [
            r for r in decide(asked.model_copy(update={"rules": rules}), evidence, (), AT).rules if r.rule == rule
        ]
        return found

    return of
