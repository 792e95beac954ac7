"""What every model format must do: a new file in ``models/formats`` is checked here without being named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from candidates import import_model
from safetensors.torch import save_file

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.export import export_onnx, torch_logits
from biasgate.models.files import MAX_BYTES
from biasgate.models.format import Format, GraphFormat, TensorFormat
from biasgate.models.network import Network
from biasgate.models.package import FORMAT
from biasgate.models.reading import read_many, read_weights
from biasgate.models.recognition import FORMATS, format_of
from biasgate.models.restore import restore
from biasgate.models.submission import IMPORTED
from biasgate.models.weights import Weights


def save_in_parts(state: dict[str, torch.Tensor], index: Path) -> None:
    """The first half of the tensors in one file, the others in another."""
    places = {}
    for part, names in enumerate((list(state)[: len(state) // 2], list(state)[len(state) // 2 :]), start=1):
        name = f"{index.name.split('.')[0]}-{part:05}-of-00002.safetensors"
        save_file({key: state[key] for key in names}, index.with_name(name))
        places |= dict.fromkeys(names, name)
    index.write_text(json.dumps({"metadata": {"total_size": 1}, "weight_map": places}))


SAVED: dict[str, Callable[[Network, Path], object]] = {
    ".onnx": lambda network, path: export_onnx(network, path=path),
    ".safetensors": lambda network, path: save_file(network.state_dict(), path),
    ".pt": lambda network, path: torch.save(network.state_dict(), path),
    ".pth": lambda network, path: torch.save(network.state_dict(), path),
    ".ckpt": lambda network, path: torch.save({"epoch": 3, "state_dict": network.state_dict()}, path),
    ".bin": lambda network, path: torch.save(network.state_dict(), path),
    ".safetensors.index.json": lambda network, path: save_in_parts(network.state_dict(), path),
}
"""How people save each; a new format adds its own line."""

each_format = pytest.mark.parametrize("suffix", FORMATS)


@pytest.fixture
def file(suffix: str, tiny: Architecture, network_of, tmp_path: Path) -> Path:
    path = tmp_path / f"model{suffix}"
    SAVED[suffix](network_of(tiny), path)
    return path


@each_format
def test_it_is_known_by_its_suffix_in_small_or_capital_letters(suffix: str) -> None:
    found = format_of(Path(f"model{suffix}"))
    assert isinstance(found, GraphFormat | TensorFormat)
    assert format_of(Path(f"MODEL{suffix.upper()}")) is found
    assert f"model{suffix}" in IMPORTED


@each_format
def test_it_gives_the_networks_weights_in_their_order(file: Path, tiny: Architecture, network_of) -> None:
    state = network_of(tiny).state_dict()
    layers = read_weights(file).layers
    assert [layer.name for layer in layers] == ["layers.0", "layers.4", "layers.6"]
    for layer in layers:
        np.testing.assert_array_equal(layer.weight, state[f"{layer.name}.weight"])
        np.testing.assert_array_equal(layer.bias, state[f"{layer.name}.bias"])


@each_format
def test_its_digest_changes_with_any_weight(file: Path, suffix: str, tiny: Architecture, network_of) -> None:
    before = read_weights(file).digest
    assert read_weights(file).digest == before
    network = network_of(tiny)
    with torch.no_grad():
        network.layers[-1].bias[0] += 1
    SAVED[suffix](network, file)
    assert read_weights(file).digest != before


@each_format
def test_what_is_submitted_in_it_becomes_a_package_that_computes_the_same(
    file: Path, tiny: Architecture, network_of, card_of, tmp_path: Path
) -> None:
    folder = tmp_path / "submission"
    folder.mkdir()
    for part in (*format_of(file).beside(file), file):
        part.rename(folder / part.name)
    (folder / "card.json").write_bytes(card_of(architecture=tiny).to_json())
    package = import_model(folder, tmp_path / "package")
    FORMAT.check(package.model)
    x = np.random.default_rng(0).random((4, *tiny.input), np.float32)
    np.testing.assert_allclose(torch_logits(restore(package), x), torch_logits(network_of(tiny), x), atol=1e-6)


@each_format
@pytest.mark.parametrize(
    "damage", [lambda data: data[: len(data) // 2], lambda data: b"\x00" * 200, lambda data: b""],
    ids=["cut", "zeros", "empty"],
)  # fmt: skip
def test_a_broken_file_is_refused_by_its_name(file: Path, damage: Callable[[bytes], bytes]) -> None:
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(CandidateError) as refusal:
        read_weights(file)
    assert refusal.value.where == str(file)


@each_format
def test_a_link_a_folder_and_a_file_that_is_too_large_are_refused_unread(file: Path, suffix: str, tmp_path: Path):
    link, folder, vast = (tmp_path / f"{name}{suffix}" for name in ("link", "folder", "vast"))
    link.symlink_to(file)
    folder.mkdir()
    with vast.open("wb") as sparse:
        sparse.truncate(MAX_BYTES + 1)
    for path in (link, folder, vast):
        with pytest.raises(CandidateError):
            read_weights(path)


@each_format
def test_many_are_read_as_each_alone_and_a_bad_one_stays_alone(file: Path, suffix: str, tmp_path: Path) -> None:
    bad, absent = tmp_path / f"bad{suffix}", tmp_path / f"absent{suffix}"
    bad.write_bytes(b"nothing")
    first, second, third, fourth = read_many([file, bad, absent, file])
    assert isinstance(first, Weights)
    assert isinstance(fourth, Weights)
    assert first.digest == fourth.digest == read_weights(file).digest
    for error, path in ((second, bad), (third, absent)):
        assert isinstance(error, CandidateError)
        assert error.where == str(path)


def test_a_file_of_no_format_is_refused_with_those_there_are(tmp_path: Path) -> None:
    (tmp_path / "model.pickle").write_bytes(b"x")
    with pytest.raises(CandidateError, match=r"\.pickle.*\.onnx.*\.safetensors"):
        read_weights(tmp_path / "model.pickle")


def test_no_two_formats_have_one_suffix() -> None:
    formats: set[Format] = set(FORMATS.values())
    assert len(FORMATS) == sum(len(found.suffixes) for found in formats)
