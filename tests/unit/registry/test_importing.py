"""A submission that takes too much to import fails alone, with a reason."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from biasgate.errors import CandidateError
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.package import open_package
from biasgate.registry.importing import import_apart

WIDTH = 1_000
MIB = 2**20


@pytest.fixture
def submitted(tmp_path: Path) -> Path:
    """Weights of a network of two layers, as an owner submits them."""
    folder = tmp_path / "submitted"
    folder.mkdir()
    weights = {"layers.0.weight": np.ones((WIDTH, WIDTH), np.float32), "layers.0.bias": np.zeros(WIDTH, np.float32)}
    weights |= {"layers.2.weight": np.ones((2, WIDTH), np.float32), "layers.2.bias": np.zeros(2, np.float32)}
    save_file(weights, folder / "model.safetensors")
    layers = [{"kind": "dense", "out": WIDTH}, {"kind": "relu"}, {"kind": "dense", "out": 2}]
    card = CandidateCard(
        name="digits", classes=("no", "yes"), input=InputContract(shape=(WIDTH,), layout="rows"),
        training_data="sha256:t", submitter="ana",
        architecture={"name": "n", "input": [WIDTH], "layers": layers},  # pyright: ignore[reportArgumentType]
    )  # fmt: skip
    (folder / "card.json").write_bytes(card.to_json())
    return folder


def test_the_package_is_the_one_that_an_import_here_makes(submitted, tmp_path):
    made = import_apart(submitted, tmp_path / "package")
    assert made == open_package(tmp_path / "package")


def test_what_takes_more_memory_than_allowed_is_refused_with_the_amount(submitted, tmp_path):
    with pytest.raises(CandidateError, match=r"more than the 300 MiB of memory.*give the promoter more than 500 MiB"):
        import_apart(submitted, tmp_path / "package", memory=300 * MIB)
    assert not (tmp_path / "package").exists()


def test_what_takes_longer_than_allowed_is_refused(submitted, tmp_path):
    with pytest.raises(CandidateError, match="takes more than 0 s"):
        import_apart(submitted, tmp_path / "package", seconds=0)


def test_what_is_no_candidate_is_refused_as_elsewhere(submitted, tmp_path):
    (submitted / "card.json").write_text(json.dumps({"schema": "biasgate/card/v1", "name": "not a name"}))
    with pytest.raises(CandidateError, match=r"CandidateCard is not valid: name"):
        import_apart(submitted, tmp_path / "package")
