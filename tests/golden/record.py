"""The golden record: digests and JSON of a fixed set of documents, which moving code must not change.

``python tests/golden/record.py`` writes ``record.json`` anew; the test beside this file compares. Numbers are kept to
ten digits, since the last ones differ between processors, and so are those of the evidence that a decision names by
its digest. ``--exact`` prints digests of the very bytes instead, to compare two checkouts on one machine.
"""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import torch
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from biasgate.contracts.estimate import Estimate
from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.contracts.scan import Scan
from biasgate.data.dataset import Dataset
from biasgate.data.source import open_dataset
from biasgate.detection.reader.meta_classifier import bundled_meta_classifier
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import built_in_zoos, read_spec
from biasgate.documents import canonical_json, sha256
from biasgate.evaluation.measure import Earlier, measure
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Champion, Evidence, Subject
from biasgate.gate.explain import explain
from biasgate.gate.ledger import log
from biasgate.gate.ledger.entry import DecisionBody, LookBody
from biasgate.gate.policy import built_in_policies, read_policy
from biasgate.gate.trust.keys import read_signing_key
from biasgate.models.export import export_onnx
from biasgate.models.network import build
from biasgate.models.presets import PRESETS
from biasgate.models.reading import read_weights

RECORD = Path(__file__).with_name("record.json")
DIGITS = 10
AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MODEL, CHAMPION = "sha256:" + "1" * 64, "sha256:" + "2" * 64
SPEC = EvaluationSpec(
    metrics=("accuracy", "true_positive_rate", "false_positive_rate", "selection_rate", "precision"),
    scores=("calibration_error", "balanced_accuracy", "roc_auc", "log_loss"),
    attributes=("sex", "age"),
    depth=2,
)
POLICY = """
name: every kind of rule
evaluation:
  metrics: [accuracy, true_positive_rate, false_positive_rate, selection_rate, precision]
  scores: [calibration_error, balanced_accuracy, roc_auc, log_loss]
  attributes: [sex, age]
  depth: 2
weight_scan: {flag_levels: [high], on_flag: require_human, on_abstain: require_human}
rules:
  - {id: floor, kind: floor, min: 0.85}
  - {id: worst, kind: worst_group, attribute: sex, min: 0.80}
  - {id: gap, kind: gap, attribute: sex*age, max: 0.30}
  - {id: ratio, kind: ratio, attribute: sex, min: 0.70}
  - {id: calibration, kind: calibration, attribute: sex, max: 0.12}
  - {id: ceiling, kind: ceiling, metric: false_positive_rate, attribute: age, max: 0.25}
  - {id: coverage, kind: coverage, attribute: sex, subgroups: [{sex: f}], clusters: 400}
  - {id: champion, kind: champion, attribute: sex, max: 0.05}
  - {id: cost, kind: repair_cost, subgroup: {}, max: 0.05}
  - {id: parity, kind: onnx_parity, max: 0.001}
  - {id: fresh, kind: freshness, days: 100}
  - {id: size, kind: size, max: 1000000}
  - {id: latency, kind: latency, max: 0.01}
looks: 2
"""


def people(*, repeated: bool) -> Dataset:
    """1,200 people of two classes; ``repeated`` gives every third of them a second row."""
    rng = np.random.default_rng(7)
    clusters = np.arange(1200)
    if repeated:
        clusters = np.where(clusters % 3 == 0, clusters, clusters - clusters % 3)
    return Dataset(
        samples=np.zeros((1200, 1), np.float32),
        labels=np.tile([0, 1], 600),
        classes=("no", "yes"),
        attributes=pd.DataFrame(
            {"sex": np.repeat(["f", "m"], 600), "age": rng.choice(["old", "young", "middle"], 1200)}
        ),
        clusters=clusters,
    )


def evaluation(share: float, *, repeated: bool = False) -> Evaluation:
    """A candidate that errs on this share of the women, and on one in twenty of the men."""
    dataset, rng = people(repeated=repeated), np.random.default_rng(8)
    errs = rng.random(1200) < np.where(dataset.attribute("sex") == "f", share, 0.05)
    said = np.where(errs, 1 - dataset.labels, dataset.labels)
    sure = 0.6 + 0.39 * rng.random(1200)
    found = measure(
        said,
        dataset,
        SPEC,
        model=MODEL,
        provider="CPUExecutionProvider",
        probabilities=np.where(np.arange(2) == said[:, None], sure[:, None], 1 - sure[:, None]),
        champion=Earlier(CHAMPION, np.where(rng.random(1200) < 0.05, 1 - dataset.labels, dataset.labels)),
    )
    return Evaluation.model_validate(_rounded(_plain(found), DIGITS))


def evidence(found: Evaluation | None) -> Evidence:
    """Evidence that passes most rules of a policy, but for what the evaluation says."""
    return Evidence(
        candidate=Subject(name="people", source="s", digest=MODEL, training_data="sha256:train", submitter="ana"),
        scan=Scan(
            model=MODEL, meta_classifier="m", probabilities={"none": 0.9, "high": 0.1}, abstained=False, reason="r"
        ),
        evaluation=found,
        parity=1e-6,
        champion=Champion(version="3", digest=CHAMPION),
        size=200_000,
        latency=Estimate(value=0.003, low=0.002, high=0.004, n=30, method="order statistics"),
        evaluation_data_from=AT - timedelta(days=30),
        training_data_from=AT - timedelta(days=300),
        looks=1,
        code="0.1.0",
    )


def evaluations() -> Iterator[tuple[str, Any]]:
    yield "fair", evaluation(0.05)
    yield "unfair", evaluation(0.35)
    yield "clustered", evaluation(0.1, repeated=True)


def decisions() -> Iterator[tuple[str, Any]]:
    policy = read_policy(POLICY)
    for name, found in (("fair", evaluation(0.05)), ("unfair", evaluation(0.35)), ("unmeasured", None)):
        yield name, decide(policy, evidence(found), (), AT)
    for name in built_in_policies():
        yield f"{name}, mismatched", decide(read_policy(name), evidence(evaluation(0.05)), (), AT)
        yield f"{name}, explained", explain(read_policy(name))
    yield "every kind, explained", explain(policy)


def signing_key() -> Any:
    """A key that everyone knows: it signs nothing but this record."""
    private = derive_private_key(20261122, SECP256R1())
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return read_signing_key(pem, where="golden")


@contextmanager
def _clock() -> Iterator[None]:
    with mock.patch.object(log, "datetime", mock.Mock(now=lambda _: AT)):
        yield


def log_entries() -> Iterator[tuple[str, Any]]:
    policy, found = read_policy(POLICY), evidence(evaluation(0.05))
    look = LookBody(name="people", digest=MODEL, data=evaluation(0.05).data)
    body = DecisionBody(decision=decide(policy, found, (), AT), evidence=found, policy=POLICY)
    with TemporaryDirectory() as folder, _clock():
        for entry in (look, body):
            number = log.append(folder, entry, key=signing_key()).number
            statement = base64.b64decode(json.loads(log.envelope(folder, number))["payload"])
            yield str(number), _fixed(json.loads(statement))


def data_sources() -> Iterator[tuple[str, Any]]:
    yield "digits", open_dataset("builtin:digits").digest
    with TemporaryDirectory() as folder:
        sources = {
            "twins": "data: {kind: digits}\nrole: gate\nplanting: {kind: twins}\n",
            "share": "data: {kind: digits}\nrole: repair\nplanting: {kind: share, conflicting: 0.02, seed: 3}\n",
            "faces": "data: {kind: synthetic_faces, people: 4, size: 32, seed: 1}\n",
        }
        for name, text in sources.items():
            file = Path(folder, f"{name}.yaml")
            file.write_text(f"name: {name}\n{text}")
            yield name, open_dataset(str(file)).digest


def networks() -> Iterator[tuple[str, Any]]:
    """Each shipped architecture with weights drawn by numpy: its ONNX file, what is read of it, and its scan."""
    reader = bundled_meta_classifier()
    yield "reader", reader.digest
    for name, architecture in PRESETS.items():
        network, rng = build(architecture), np.random.default_rng(5)
        with torch.no_grad():
            for tensor in network.state_dict().values():
                if tensor.is_floating_point():
                    drawn = rng.uniform(0.05, 0.15, tuple(tensor.shape)) * rng.choice([-1, 1], tuple(tensor.shape))
                    tensor.copy_(torch.from_numpy(np.abs(drawn) if tensor.ndim == 1 else drawn))
        with TemporaryDirectory() as folder:
            path = Path(folder, "model.onnx")
            export_onnx(network, path=path)
            yield f"{name}, onnx", sha256(path.read_bytes())
            if name != "digits_residual":
                weights = read_weights(path)
                yield f"{name}, weights", [[layer.name, sha256(layer.weight.tobytes())] for layer in weights.layers]
                yield f"{name}, scan", reader.scan(weights)


def zoos() -> Iterator[tuple[str, Any]]:
    for name in built_in_zoos():
        yield f"{name}, plan", plan_zoo(read_spec(name), shards=4)
    spec = read_spec("digits_demo")
    counts = spec.model_copy(update={"counts": spec.counts.model_copy(update={"train": 6, "validation": 6, "test": 6})})
    plan = plan_zoo(counts, shards=9)
    with TemporaryDirectory() as folder:
        index = train_shard(plan, 0, folder)
        yield "shard index", _fixed(json.loads(index.to_json()))
        yield "shard files", sorted(path.name for path in Path(folder).rglob("*") if path.is_file())


VARYING = ("sha256", "uri", "versions", "previous")
"""Keys of what a folder's name, a processor's last digits or a fresh signature make different each time."""


def _fixed(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _fixed(part) for key, part in value.items() if key not in VARYING}
    return [_fixed(part) for part in value] if isinstance(value, list) else value


PARTS: dict[str, Callable[[], Iterator[tuple[str, Any]]]] = {
    "evaluations": evaluations,
    "decisions": decisions,
    "log entries": log_entries,
    "data sources": data_sources,
    "networks": networks,
    "zoos": zoos,
}


def part(name: str, *, digits: int | None = DIGITS) -> dict[str, Any]:
    """One part of the record; long documents as digests. ``digits`` rounds every number."""
    return {key: _recorded(_plain(value), digits) for key, value in PARTS[name]()}


def _plain(value: Any) -> Any:
    return json.loads(value.to_json()) if hasattr(value, "to_json") else value


def _recorded(value: Any, digits: int | None) -> Any:
    rounded = _rounded(value, digits) if digits else value
    return rounded if isinstance(rounded, str) else sha256(canonical_json(rounded))


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{digits}g}") if abs(value) > 1e-9 else 0.0
    if isinstance(value, dict):
        return {key: _rounded(inner, digits) for key, inner in value.items()}
    return [_rounded(inner, digits) for inner in value] if isinstance(value, list) else value


if __name__ == "__main__":
    exact = "--exact" in sys.argv
    found = {name: part(name, digits=None if exact else DIGITS) for name in PARTS}
    text = json.dumps(found, indent=1) + "\n"
    sys.stdout.write(text) if exact else RECORD.write_text(text)
