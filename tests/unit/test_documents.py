"""Documents are read whole or not at all, and no larger than they may be."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from biasgate import documents
from biasgate.contracts.evaluation import Evaluation, EvaluationSpec
from biasgate.contracts.inspection import Inspection
from biasgate.contracts.scan import Scan
from biasgate.data.source import DataSource
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.documents import Document
from biasgate.errors import InputError
from biasgate.gate.decision import Decision
from biasgate.gate.evidence import Evidence
from biasgate.gate.policy import Policy

TABLE = """
name: d
data:
  kind: csv
  file: {uri: d.csv}
  label: label
  classes: [yes, no]
  numeric: [x]
  attributes: [sex]
"""
POLICY = """
name: p
evaluation: {metrics: [accuracy], attributes: [sex]}
weight_scan: {flag_levels: [high], on_flag: ignore, on_abstain: ignore}
looks: 1
rules: [{id: gap, kind: gap, metric: accuracy, attribute: sex, maximum: 0.1}]
"""
KINDS = (Evaluation, Inspection, Scan, MetaClassifier, Decision, Evidence, Policy)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "text",
    [b"", b"\xff\xfe\x00", b"[" * 100_000, b'{"a":' * 100_000, b"{}", b"[]", b"1", b"null", b"a: [", b"\x00" * 99],
)
def test_what_is_no_such_document_is_one_sentence(kind: type[Document], text: bytes, tmp_path: Path) -> None:
    (tmp_path / "document").write_bytes(text)
    with pytest.raises(InputError, match=kind.__name__) as refused:
        kind.read(tmp_path / "document")
    assert "\n" not in str(refused.value)
    assert str(tmp_path) in str(refused.value)


def test_a_larger_file_than_a_document_may_be_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST", 1000)
    (tmp_path / "document").write_bytes(b" " * 1001)
    with pytest.raises(InputError, match="more than the 1,000 bytes allowed"):
        Evaluation.read(tmp_path / "document")


def test_a_file_without_end_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(documents, "LARGEST", 1000)
    with pytest.raises(InputError, match="more than"):
        Evaluation.read(Path("/dev/zero"))


def test_a_long_text_that_is_no_json_is_not_tried_as_yaml(tmp_path: Path) -> None:
    (tmp_path / "document").write_bytes(b"- 1\n" * 1_000_000)
    started = time.process_time()
    with pytest.raises(InputError, match="it is no JSON, and has 4,000,000 characters"):
        Evaluation.read(tmp_path / "document")
    assert time.process_time() - started < 2


def test_a_folder_is_no_document(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Evaluation.read(tmp_path)


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (DataSource, TABLE + "  weight: w", "data.csv.weight: there is no such key; did you mean 'weights'?"),
        (DataSource, TABLE + "  clusters: w", "did you mean 'cluster'?"),
        (DataSource, TABLE + "colected: 2026-11-30", "did you mean 'collected'?"),
        (DataSource, TABLE.replace("uri", "url"), "did you mean 'uri'?"),
        (DataSource, TABLE + "  favourite: w", "data.csv.favourite: there is no such key ["),
        (EvaluationSpec, "{metrics: [accuracy], attribute: [sex]}", "did you mean 'attributes'?"),
        (Policy, POLICY, "rules.0.gap.maximum: there is no such key; did you mean 'max'?"),
    ],
)
def test_an_unknown_key_is_answered_with_the_nearest_of_its_place(kind: type[Document], text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        kind.parse(text, where="the text")
    assert said in str(refused.value)


def test_a_key_of_another_kind_of_source_is_not_proposed() -> None:
    with pytest.raises(InputError) as refused:
        DataSource.parse("name: d\ndata: {kind: builtin, name: digits, weight: w}")
    assert "weights" not in str(refused.value)
