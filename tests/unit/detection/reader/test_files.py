from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save_file

from biasgate.contracts.scan import Scan
from biasgate.detection.reader.files import models_in, scan_files
from biasgate.detection.reader.fit import fit_meta_classifier
from biasgate.detection.reader.meta_classifier import MetaClassifier
from biasgate.detection.zoo.spec import ZooSpec
from biasgate.errors import CandidateError
from biasgate.models.weights import Weights


@pytest.fixture(scope="module")
def classifier(table: pd.DataFrame, spec: ZooSpec) -> MetaClassifier:
    return fit_meta_classifier(table, spec=spec)


@pytest.fixture
def zoo(weights_with: Callable[[int, float], Weights], tmp_path: Path) -> Path:
    """Three models in a folder and one below it, between files that are none."""
    folder = tmp_path / "zoo"
    (folder / "below").mkdir(parents=True)
    for place, name in enumerate(("b", "a", "c", "below/d")):
        layers = weights_with(place, np.exp(place - 1)).layers
        tensors = {f"{n}.{part}": getattr(x, part) for n, x in enumerate(layers) for part in ("weight", "bias")}
        save_file(tensors, folder / f"{name}.safetensors")
    (folder / "README.md").write_text("a zoo")
    (folder / ".hidden.pt").write_text("hidden")
    return folder


def test_a_folder_is_its_models_in_a_stable_order(zoo: Path, tmp_path: Path) -> None:
    found = [str(path.relative_to(zoo)) for path in models_in(zoo)]
    assert found == ["a.safetensors", "b.safetensors", "below/d.safetensors", "c.safetensors"]
    assert models_in(zoo / "README.md") == [zoo / "README.md"]
    (tmp_path / "empty").mkdir()
    assert models_in(tmp_path / "empty") == [tmp_path / "empty"]


def test_each_model_of_a_folder_is_scanned_as_it_is_alone_and_a_bad_one_has_its_reason(
    classifier: MetaClassifier, zoo: Path
) -> None:
    (zoo / "b.safetensors").write_bytes(b"broken")
    (zoo / "e.safetensors").symlink_to(zoo / "a.safetensors")
    files = models_in(zoo)
    found = list(scan_files(classifier, files))
    assert [entry.file for entry in found] == files
    bad = {entry.file.stem for entry in found if isinstance(entry.scan, CandidateError)}
    assert bad == {"b", "e"}
    for entry in found:
        (alone,) = scan_files(classifier, [entry.file])
        assert str(alone.scan) == str(entry.scan)


def test_a_file_far_larger_than_every_known_network_is_refused_unread(
    classifier: MetaClassifier, tmp_path: Path
) -> None:
    large = tmp_path / "large.onnx"
    large.write_bytes(bytes(8 << 20))
    (entry,) = scan_files(classifier, [large])
    assert isinstance(entry.scan, Scan)
    assert entry.scan.abstained
    assert "8 MB" in entry.scan.reason


def test_a_small_graph_with_large_weights_beside_it_is_refused_unread(
    classifier: MetaClassifier, tmp_path: Path
) -> None:
    (tmp_path / "m.onnx").write_bytes(b"never parsed")
    (tmp_path / "m.onnx.data").write_bytes(bytes(8 << 20))
    (entry,) = scan_files(classifier, models_in(tmp_path))
    assert isinstance(entry.scan, Scan)
    assert entry.scan.abstained
