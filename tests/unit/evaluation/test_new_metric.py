"""A metric that is one new file is measured by subgroup with bounds, compared, decided on and explained."""

import json
import subprocess
import sys
from pathlib import Path

METRIC = '''
"""Threat score."""

from biasgate.statistics.metric import Answers, Mask, RateMetric


class ThreatScore(RateMetric):
    """TP / (TP + FP + FN): the share of what is positive, or said to be, that is both."""

    name = "threat_score"
    more_is_better = True
    paired = False

    def trials(self, answers: Answers) -> Mask:
        return (answers.truth == answers.positive) | (answers.predicted == answers.positive)

    def successes(self, answers: Answers) -> Mask:
        return answers.truth == answers.predicted
'''

USE = """
import json, sys
from datetime import datetime, timezone

import biasgate.statistics.metrics
biasgate.statistics.metrics.__path__.append(sys.argv[1])

import numpy as np
import pandas as pd

from biasgate.contracts.evaluation import Evaluation
from biasgate.data.dataset import Dataset
from biasgate.evaluation.explain import explain
from biasgate.evaluation.measure import measure
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.policy import read_policy
from biasgate.gate.policy_check import faults

RULES = '''
  - {id: floor, kind: floor, metric: threat_score, min: 0.5}
  - {id: worst, kind: worst_group, metric: threat_score, attribute: sex, min: 0.9}
  - {id: gap, kind: gap, metric: threat_score, attribute: sex, max: 0.5}
'''
POLICY = '''
name: with a new metric
evaluation: {metrics: [accuracy, threat_score], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
looks: 2
rules:'''

dataset = Dataset(
    samples=np.zeros((800, 1), np.float32),
    labels=np.arange(800) % 2,
    classes=("no", "yes"),
    attributes=pd.DataFrame({"sex": np.repeat(["f", "m"], 400)}),
    clusters=np.arange(800),
)
said = np.where(np.arange(800) % 10 < 2 * (dataset.attribute("sex") == "f"), 1 - dataset.labels, dataset.labels)
policy = read_policy(POLICY + RULES)
found = measure(said, dataset, policy.evaluation, model="sha256:m", provider="none")
found = Evaluation.parse(found.to_json(), where="test")
candidate = Subject(name="m", source="models:/m/1", digest="sha256:m", training_data="sha256:t", submitter="ana")
evidence = Evidence(candidate=candidate, evaluation=found, looks=1, image="local", code="0")
decision = decide(policy, evidence, (), datetime(2026, 11, 22, tzinfo=timezone.utc))
loss = POLICY + " [{id: loss, kind: champion, metric: threat_score, max: 0.1}]"
print(json.dumps({
    "cells": [
        [cell.subgroup, cell.successes, cell.trials, cell.bounds, cell.simultaneous]
        for cell in found.cells if cell.metric == "threat_score"
    ],
    "gaps": [[gap.higher, gap.lower, gap.bounds] for gap in found.gaps if gap.metric == "threat_score"],
    "ratios": sum(ratio.metric == "threat_score" for ratio in found.ratios),
    "disparities": [one.name for one in found.disparities if "threat" in one.name],
    "outcomes": {result.rule: [result.outcome, result.sentence] for result in decision.rules},
    "explained": explain(found).found,
    "loss": faults(read_policy(loss)),
}))
"""


def test_a_new_metric_is_one_new_file(tmp_path: Path) -> None:
    (tmp_path / "threat_score.py").write_text(METRIC)
    ended = subprocess.run([sys.executable, "-c", USE, str(tmp_path)], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    found = json.loads(ended.stdout)
    assert [cell[:3] for cell in found["cells"]] == [[{}, 360, 440], [{"sex": "f"}, 160, 240], [{"sex": "m"}, 200, 200]]
    assert all(low < successes / trials <= high for _, successes, trials, (low, high), _ in found["cells"])
    assert all(wide[0] <= near[0] and near[1] <= wide[1] for *_, near, wide in found["cells"])
    ((higher, lower, (least, most)),) = found["gaps"]
    assert (higher, lower) == ({"sex": "m"}, {"sex": "f"})
    assert least < 1 / 3 < most
    assert found["ratios"] == 1
    assert found["disparities"] == ["threat_score_difference", "threat_score_ratio"]
    assert found["outcomes"]["floor"][0] == "pass"
    assert found["outcomes"]["worst"][0] == "fail"
    assert found["outcomes"]["gap"][0] == "pass"
    assert found["outcomes"]["floor"][1].startswith("Threat score is ")
    assert any(sentence.startswith("Threat score differs: sex = m above sex = f") for sentence in found["explained"])
    assert "two models' threat score is over different samples" in found["loss"][0]
