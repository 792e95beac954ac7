"""Writes the log that the core's test reads: python tests/core/record.py. Old logs stay readable: it is run once."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from onnx import TensorProto, helper, save

import biasgate
from biasgate.contracts.evaluation import Evaluation
from biasgate.documents import sha256
from biasgate.gate.decide import decide
from biasgate.gate.evidence import Evidence, Subject
from biasgate.gate.ledger.entry import DecisionBody, LogEntry, PromotionBody
from biasgate.gate.ledger.envelope import PREDICATE_TYPE
from biasgate.gate.trust.keys import generate_key, read_signing_key
from biasgate.gate.trust.sign import sign
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import CandidatePackage, pack

STORED = Path(__file__).parent / "stored"
AT = datetime(2025, 1, 1, tzinfo=UTC)
POLICY = """
schema: biasgate/policy/v1
name: loans
evaluation: {metrics: [accuracy, selection_rate], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
rules:
  - {id: accuracy, kind: worst_group, attribute: sex, min: 0.7}
  - {id: four_fifths, kind: ratio, attribute: sex, min: 0.8}
looks: 1
valid_days: 3650
"""


def package(folder: Path) -> CandidatePackage:
    """Two features, two classes: the identity."""
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("input", "logits")]
    graph = helper.make_graph([helper.make_node("Identity", ["input"], ["logits"])], "loans", ends[:1], ends[1:])
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "loans.onnx")
    card = CandidateCard(
        name="loans",
        classes=("refused", "granted"),
        input=InputContract(shape=(2,), layout="rows", scale=1.0),
        training_data="sha256:0",
        submitter="ana",
    )
    return pack(folder / "loans.onnx", card, STORED / "package")


def decision(model: CandidatePackage) -> DecisionBody:
    policy = biasgate.load_policy(POLICY)
    truth = np.arange(2000) % 2
    wrong = np.arange(2000) % 10 == 0
    said = np.where(np.where(wrong, 1 - truth, truth), "granted", "refused")
    measured = biasgate.evaluate(
        y_true=np.where(truth, "granted", "refused"),
        y_pred=said,
        classes=["refused", "granted"],
        attributes={"sex": np.where(np.arange(2000) < 1000, "female", "male")},
        policy=policy,
    )
    subject = Subject(
        name="loans", source="models:/loans-candidates/1", digest=model.digest, training_data="t", submitter="ana"
    )
    as_run = {"model": model.digest, "provider": "CPUExecutionProvider"}
    found = Evaluation.parse(measured.model_copy(update=as_run).to_json())
    evidence = Evidence(candidate=subject, evaluation=found, looks=1, code="0.1.0")
    return DecisionBody(decision=decide(policy, evidence, (), AT), evidence=evidence, policy=POLICY)


def main() -> None:
    shutil.rmtree(STORED, ignore_errors=True)
    with TemporaryDirectory() as work:
        model = package(Path(work))
        pem = generate_key(Path(work) / "key", trusted=STORED / "trusted").read_bytes()
    key, previous = read_signing_key(pem, where="key"), None
    promotion = PromotionBody(
        name="loans", digest=model.digest, entry=1, status="PROMOTED", reason="first of its name", version="1"
    )
    (STORED / "log" / "entries").mkdir(parents=True)
    for number, body in enumerate((decision(model), promotion), start=1):
        entry = LogEntry(number=number, previous=previous, at=AT + timedelta(minutes=number), body=body)
        said = entry.model_dump(mode="json", by_alias=True, exclude_none=True)
        signed = sign(said, predicate_type=PREDICATE_TYPE, subject=body.subject, key=key)
        (STORED / "log" / "entries" / f"{number:012d}.json").write_bytes(signed)
        previous = sha256(signed)


if __name__ == "__main__":
    main()
