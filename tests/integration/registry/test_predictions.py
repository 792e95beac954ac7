"""Predictions alone, from submission to what serves: measured for real, decided, promoted, verified."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from biasgate.data.source import open_dataset
from biasgate.detection.reader.declared import scan_as_declared
from biasgate.evaluation.evaluate import evaluate
from biasgate.evaluation.inspect import inspect
from biasgate.gate.decide import decide
from biasgate.gate.evidence import join
from biasgate.gate.ledger.entry import DecisionBody
from biasgate.gate.ledger.log import append
from biasgate.gate.policy import Policy
from biasgate.models.predictions import PredictionsPackage
from biasgate.models.submission import import_candidate
from biasgate.registry.models import fetch, fetch_package, submit_candidate
from biasgate.registry.verify import verify_model

POLICY = """
name: answers
evaluation: {attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: require_human, on_abstain: ignore}
rules: [{id: floor, kind: floor, min: 0.75}]
looks: 9
valid_days: 30
"""
ALLOWED = POLICY + "predictions: allowed\n"


@dataclass(frozen=True)
class Case:
    """Predictions in a folder, and the gate that decides about them."""

    gate: Any
    name: str
    folder: Path
    source: str

    def decided(self, policy: str) -> tuple[PredictionsPackage, str]:
        """Submits the folder and has the gate measure it and decide; gives the package and the verdict."""
        submitted = import_candidate(self.folder, self.folder.parent / "package")
        uri = submit_candidate(submitted, name=self.name)
        package, source = fetch_package(uri, self.folder.parent / "fetched")
        assert isinstance(package, PredictionsPackage)
        made = self.gate.declare(self.name, policy=policy, test=self.source)
        rules, dataset = Policy.parse(policy, where="test"), open_dataset(self.source)
        found = join(
            source=source,
            inspection=inspect(package, dataset),
            scan=scan_as_declared(package, "bundled", fetch=lambda uri: b""),
            evaluation=evaluate(package, dataset, rules.evaluation),
            looks=1,
        )
        decision = decide(rules, found, (), datetime.now(UTC))
        self.gate.look(package, data=dataset.digest)
        body = DecisionBody(gate=made.entry, decision=decision, evidence=found, policy=policy, waivers=())
        append(self.gate.log, body, key=self.gate.keys["gate"])
        return package, decision.verdict


@pytest.fixture
def case(sqlite: str, gate: Any, name: str, tmp_path: Path) -> Case:
    """Four hundred people, and a table that is right about nine of ten."""
    people = pd.DataFrame({"sex": ["f", "m"] * 200, "hired": ["no", "no", "yes", "yes"] * 100})
    people.to_csv(tmp_path / "people.csv", index=False)
    source = tmp_path / "people.yaml"
    source.write_text(
        f"name: people\ndata: {{kind: truth, file: {{uri: {tmp_path}/people.csv}}, label: hired, "
        "classes: ['no', 'yes'], attributes: [sex]}\n"
    )
    (folder := tmp_path / "answers").mkdir()
    right = np.arange(400) % 10 > 0
    said = np.where((people["hired"] == "yes") == right, 0.9, 0.1)
    pd.DataFrame({"p": said}).to_parquet(folder / "predictions.parquet")
    card = {"schema": "biasgate/predictions-card/v1", "name": name, "submitter": "ana", "classes": ["no", "yes"]}
    (folder / "card.json").write_text(json.dumps({**card, "columns": {"probabilities": {"yes": "p"}}}))
    return Case(gate, name, folder, str(source))


def test_predictions_that_a_policy_allows_serve_and_verify_says_that_no_model_was_run(case: Case, tmp_path: Path):
    package, verdict = case.decided(ALLOWED)
    assert verdict == "APPROVED"
    (outcome,) = case.gate.promote()
    assert (outcome.status, outcome.version) == ("PROMOTED", "1"), outcome.reason
    served, _ = fetch(f"models:/{case.name}@champion", tmp_path / "served")
    assert import_candidate(served, tmp_path / "opened").digest == package.digest
    verified = verify_model(str(package.path), log=case.gate.log, trusted=case.gate.trusted, model=case.name)
    assert verified.digest == package.digest
    assert "no model was run" in str(verified.unseen)


def test_predictions_under_a_policy_that_does_not_allow_them_are_never_promoted(case: Case):
    assert case.decided(POLICY)[1] == "INSUFFICIENT_EVIDENCE"
    assert case.gate.promote() == []
