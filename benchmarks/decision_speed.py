"""How long a decision takes: 200 rules over 64 subgroups, by the median over runs.

Goal: below 0.2 s. Run: ``python benchmarks/decision_speed.py``; prints one JSON document.
"""

from __future__ import annotations

import json
import os
import platform
import time
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from biasgate.contracts.scan import Scan
from biasgate.data.dataset import Dataset
from biasgate.evaluation.measure import Earlier, measure
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion, Evidence, Subject
from biasgate.gate.policy import Policy
from biasgate.statistics.median import median

RULES, SUBGROUPS, UNITS, RUNS = 200, 64, 60, 31
GOAL = 0.2
KINDS = (
    {"kind": "worst_group", "min": 0.5},
    {"kind": "gap", "max": 0.5},
    {"kind": "ratio", "metric": "accuracy", "min": 0.5},
    {"kind": "coverage", "units": 30},
    {"kind": "champion", "max": 0.3},
)


def policy() -> Policy:
    rules = [{"id": f"rule {i}", "attribute": "group", **KINDS[i % len(KINDS)]} for i in range(RULES)]
    scan = {"flag_levels": ["high"], "on_flag": "require_human", "on_abstain": "require_human"}
    evaluation = {"attributes": ["group"]}
    return Policy.build(
        {"name": "speed", "evaluation": evaluation, "weight_scan": scan, "rules": rules, "looks": 1}, where="benchmark"
    )


def evidence(asked: Policy) -> Evidence:
    rng = np.random.default_rng(0)
    rows = SUBGROUPS * UNITS
    people = Dataset(
        samples=np.zeros((rows, 1), np.float32),
        labels=np.zeros(rows, np.int64),
        classes=("no", "yes"),
        attributes=pd.DataFrame({"group": np.repeat([f"g{i:02d}" for i in range(SUBGROUPS)], UNITS)}),
        clusters=np.arange(rows),
    )
    wrong = (rng.random((2, rows)) < 0.05).astype(np.int64)
    measured = measure(
        wrong[0], people, asked.evaluation, model="sha256:m", provider="none", champion=Earlier("sha256:c", wrong[1])
    )
    return Evidence(
        candidate=Subject(name="n", source="s", digest="sha256:m", training_data="sha256:t", submitter="ana"),
        scan=Scan(
            model="sha256:m", meta_classifier="m", probabilities={"none": 1.0, "high": 0.0}, abstained=False, reason=""
        ),
        evaluation=measured,
        champion=Champion(version="1", digest="sha256:c"),
        looks=1,
        code="benchmark",
    )


def main() -> None:
    asked = policy()
    found, at = evidence(asked), datetime.now(UTC)
    decision = decide(asked, found, (), at)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        decide(asked, found, (), at)
        seconds.append(time.perf_counter() - start)
    taken = median(seconds, confidence=0.95)
    print(
        json.dumps(
            {
                "rules": RULES,
                "subgroups": SUBGROUPS,
                "runs": RUNS,
                "verdict": decision.verdict,
                "median_s": round(taken.value, 4),
                "interval_s": [round(taken.low, 4), round(taken.high, 4)],
                "goal_s": GOAL,
                "reached": taken.high < GOAL,
                "cpu": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
                "python": platform.python_version(),
                "at": f"{at:%Y-%m-%d}",
            },
            indent=2,
        )
    )


if __name__ == "__main__":
    main()
