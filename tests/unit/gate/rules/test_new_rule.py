"""Adding a rule is adding a file: nothing else has to know of it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from biasgate.report.text import unbroken

RULE = '''
"""Swaps: how often a prediction may change with the attribute alone."""

from typing import Literal

from pydantic import Field

from biasgate.contracts.wording import rate
from biasgate.gate.judgement import at_most
from biasgate.gate.measurements import Measured, Missing
from biasgate.gate.rule import Rule


class SwapRule(Rule):
    """The swap rate must stay within ``max``."""

    kind: Literal["swap"] = "swap"
    max: float = Field(ge=0, le=1)

    about_bias = True

    def words(self):
        return f"At most {rate(self.max)} of the predictions may change with the attribute alone."

    def check(self, found):
        swaps = found.evidence.evaluation and found.evidence.evaluation.swap_rate
        if not swaps:
            raise Missing("No clusters were compared that differ in the attribute only.")
        bounds = (swaps.low, swaps.high)
        number = Measured(swaps.value, bounds, bounds, swaps.n, swaps.method)
        sentence = f"{number.as_rate()} of the predictions change; the policy allows {rate(self.max)}."
        return self.judged(at_most([number], self.max), number, threshold=self.max, sentence=sentence)

    def number(self, value):
        return rate(value)
'''
POLICY = """
name: with a new rule
evaluation: {metrics: [accuracy, selection_rate], scores: [calibration_error], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules: [{id: swaps, kind: swap, max: 0.1}]
looks: 2
predictions: allowed
"""
USE = """
import json, sys
from datetime import datetime, timezone
from pathlib import Path

import biasgate.gate.rules

folder = Path(sys.argv[1])
biasgate.gate.rules.__path__.append(str(folder))

from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence
from biasgate.gate.explain import explain
from biasgate.gate.policy import read_policy
from biasgate.gate.schemas import json_schema
from biasgate.report.decision import decision_report

policy = read_policy(str(folder / "policy.yaml"))
evidence = Evidence.read(folder / "evidence.json")
decision = decide(policy, evidence, (), datetime(2026, 11, 22, tzinfo=timezone.utc))
print(json.dumps({
    "explained": explain(policy).rules[0].words,
    "result": [result.model_dump() for result in decision.rules if result.rule == "swaps"],
    "verdict": decision.verdict,
    "page": decision_report(decision, evidence, policy),
    "kinds": list(json_schema("policy")["properties"]["rules"]["items"]["discriminator"]["mapping"]),
}))
"""


@pytest.mark.parametrize(("swapped", "verdict"), [(0.02, "APPROVED"), (0.5, "REJECTED")])
def test_a_file_in_the_folder_is_read_decided_explained_reported_and_published(tmp_path, rich, good, swapped, verdict):
    swaps = good.cells[0].estimate.model_copy(update={"value": swapped, "low": swapped - 0.02, "high": swapped + 0.02})
    Path(tmp_path, "swap.py").write_text(RULE)
    Path(tmp_path, "policy.yaml").write_text(POLICY)
    evidence = rich(evaluation=good.model_copy(update={"swap_rate": swaps}))
    Path(tmp_path, "evidence.json").write_bytes(evidence.to_json())
    said = subprocess.run([sys.executable, "-c", USE, tmp_path], capture_output=True, text=True, check=True).stdout
    found = json.loads(said)
    (result,) = found["result"]
    assert found["verdict"] == verdict
    assert found["explained"] == "At most .10 of the predictions may change with the attribute alone."
    assert (result["threshold"], result["bias"]) == (0.1, True)
    assert unbroken(result["sentence"]) in found["page"]
    assert "≤ .10" in found["page"]
    assert {"swap", "floor"} <= set(found["kinds"])
