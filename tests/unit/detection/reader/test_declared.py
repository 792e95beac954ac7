"""The reader of weights that a gate declares: none, the one that ships, or one from elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx import TensorProto, helper, save

from biasgate.contracts.scan import unread
from biasgate.detection.reader.declared import scan_as_declared, scan_at_hand
from biasgate.detection.reader.meta_classifier import BUNDLED, bundled_meta_classifier
from biasgate.gate.declaration import GateFile
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import CandidatePackage, pack


@pytest.fixture
def package(tmp_path: Path) -> CandidatePackage:
    """A model of a table whose features a vectorizer puts together, as converters of trees write it."""
    given = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 1]) for name in ("age", "pay")]
    gives = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", 2])
    both = {"domain": "ai.onnx.ml", "inputdimensions": [1, 1]}
    node = helper.make_node("FeatureVectorizer", ["age", "pay"], ["logits"], name="all", **both)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    save(helper.make_model(helper.make_graph([node], "g", given, [gives]), opset_imports=opsets), tmp_path / "m.onnx")
    fields = {"name": "loan", "classes": ("no", "yes"), "training_data": "sha256:1", "submitter": "ana"}
    card = CandidateCard(input=InputContract(shape=(2,), layout="rows"), **fields)  # type: ignore[arg-type]
    return pack(tmp_path / "m.onnx", card, tmp_path / "package")


def nowhere(source: str) -> bytes:
    raise AssertionError(source)


def test_none_reads_nothing_and_says_that_no_reader_is_declared(package: CandidatePackage):
    assert scan_as_declared(package, "none", fetch=nowhere) == unread(package.digest)


def test_a_gate_that_declares_nothing_falls_back_to_the_reader_that_ships(package: CandidatePackage):
    declared = GateFile.parse("{schema: biasgate/gate/v1, model: loan, policy: p.yaml, test: t.yaml}").scan
    found = scan_as_declared(package, declared, fetch=nowhere)
    assert found.meta_classifier == bundled_meta_classifier().digest


def test_a_reader_from_elsewhere_is_fetched_there(package: CandidatePackage):
    assert scan_at_hand(package, "models:/reader@champion") is None
    found = scan_as_declared(package, "models:/reader@champion", fetch=lambda source: BUNDLED.read_bytes())
    assert found == scan_as_declared(package, "bundled", fetch=nowhere)


def test_what_is_not_read_is_named_by_its_node_and_never_by_a_place_on_this_machine(package: CandidatePackage):
    reason = scan_as_declared(package, "bundled", fetch=nowhere).reason
    assert "'all' ('ai.onnx.ml.FeatureVectorizer')" in reason
    assert str(package.path) not in reason
    assert "/" not in reason
