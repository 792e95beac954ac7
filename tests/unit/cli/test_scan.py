"""``biasgate scan`` with the meta-classifier that ships: no registry, no environment, any file of that network."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from biasgate.contracts.held_out import StrengthReport
from biasgate.detection.reader.meta_classifier import BUNDLED, FOLDER, bundled_meta_classifier
from biasgate.models.export import export_onnx
from biasgate.models.network import build, initialise
from biasgate.models.presets import preset

FIELDS = {"file", "model", "meta_classifier", "level", "probabilities", "measured_bias", "abstained", "reason"}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One digit network in three formats, and a file that is none; MLflow would be out of reach."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.delenv("BIASGATE_META_CLASSIFIER", raising=False)
    folder = tmp_path / "models"
    folder.mkdir()
    network = build(preset("digits_paper"))
    initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(0))
    export_onnx(network, path=folder / "a.onnx")
    save_file(network.state_dict(), folder / "b.safetensors")
    torch.save(network.state_dict(), folder / "c.pt")
    (folder / "d.onnx").write_bytes(b"no model")
    return folder


def test_one_file_is_one_document_at_once(models: Path, biasgate: Callable[..., Any]) -> None:
    ended = biasgate("scan", models / "a.onnx", "--json")
    entry = json.loads(ended.out)
    assert ended.code == 0
    assert entry.keys() >= FIELDS
    assert entry["meta_classifier"] == bundled_meta_classifier().digest


def test_a_folder_is_a_list_in_order_whose_formats_agree(models: Path, biasgate: Callable[..., Any]) -> None:
    ended = biasgate("scan", models, "--json")
    first, *same, bad = json.loads(ended.out)
    assert ended.code == 3
    assert [Path(entry["file"]).name for entry in (first, *same, bad)] == ["a.onnx", "b.safetensors", "c.pt", "d.onnx"]
    assert "not an ONNX file" in bad["error"]
    own = {"file", "model"}
    for entry in same:
        assert {k: v for k, v in entry.items() if k not in own} == {k: v for k, v in first.items() if k not in own}


def test_people_see_how_many_were_read_and_nothing_cut_short(models: Path, biasgate: Callable[..., Any]) -> None:
    ended = biasgate("scan", models / "a.onnx", models / "b.safetensors", models / "d.onnx")
    counts = re.search(r"(\d) read, (\d) abstained from, 1 unreadable", ended.out)
    assert counts
    assert sum(map(int, counts.groups())) == 2
    assert ended.out.count("ONNX") == 1
    assert "…" not in ended.out


def test_a_folder_without_models_says_so(tmp_path: Path, biasgate: Callable[..., Any]) -> None:
    (tmp_path / "notes.txt").write_text("no model")
    ended = biasgate("scan", tmp_path, "--json")
    assert ended.code == 3
    assert "no model is in this folder" in json.loads(ended.out)["error"]


def test_a_scan_loads_no_library_that_takes_seconds_to_start(models: Path) -> None:
    program = f"""
import sys
from biasgate.cli import main
sys.argv = ["biasgate", "scan", {str(models / "b.safetensors")!r}, {str(models / "a.onnx")!r}]
try:
    main()
except SystemExit:
    print(sorted({{"torch", "pandas", "scipy", "sklearn", "mlflow"}} & sys.modules.keys()))
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout.rstrip().endswith("[]")


def test_what_ships_is_small_and_its_scores_are_its_own() -> None:
    assert len(BUNDLED.read_bytes()) < 5e6
    scores = StrengthReport.parse(FOLDER.joinpath("digits.scores.json").read_bytes(), where="scores")
    assert scores.meta_classifier == bundled_meta_classifier().digest
    assert not any(control.failed for control in scores.negative_controls)
