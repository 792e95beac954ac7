import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from candidates import import_model
from safetensors.torch import save_file

from biasgate.documents import canonical_json, sha256
from biasgate.errors import CandidateError, InputError
from biasgate.models.files import file_digest
from biasgate.models.package import CandidatePackage, open_package, pack
from biasgate.models.reading import read_weights
from biasgate.models.submission import import_candidate


def test_the_digest_is_over_both_files(package: CandidatePackage, tiny_onnx: Path):
    card = sha256(package.card.to_json())
    assert package.digest == sha256(canonical_json({"card.json": card, "model.onnx": file_digest(tiny_onnx)}))


def test_what_was_packed_opens_as_the_same(package: CandidatePackage):
    assert open_package(package.path) == package
    assert sorted(file.name for file in package.path.iterdir()) == ["card.json", "model.onnx"]


@pytest.mark.parametrize("name", ["card.json", "model.onnx"])
def test_a_changed_file_changes_the_digest(package: CandidatePackage, name: str):
    path = package.path / name
    old, new = (b"someone", b"anybody") if name == "card.json" else (b"biasgate", b"biasgone")
    assert old in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(old, new))
    assert open_package(package.path).digest != package.digest


def test_files_of_mlflow_are_left_alone(package: CandidatePackage):
    for name in ("MLmodel", "conda.yaml", "requirements.txt", "registered_model_meta", "input_example.json"):
        (package.path / name).write_text("!!python/object/apply:os.abort []")
    assert open_package(package.path).digest == package.digest


@pytest.mark.parametrize("name", ["model.onnx.data", "code", ".hidden"])
def test_an_unknown_file_is_refused_by_name(package: CandidatePackage, name: str):
    (package.path / name).mkdir()
    with pytest.raises(CandidateError, match=name):
        open_package(package.path)


@pytest.mark.parametrize("name", ["card.json", "model.onnx"])
def test_a_missing_or_linked_file_is_refused(package: CandidatePackage, tmp_path: Path, name: str):
    moved = (package.path / name).rename(tmp_path / name)
    with pytest.raises(CandidateError, match=name):
        open_package(package.path)
    (package.path / name).symlink_to(moved)
    with pytest.raises(CandidateError, match="not a regular file"):
        open_package(package.path)


def test_a_huge_card_is_refused_unread(package: CandidatePackage):
    with (package.path / "card.json").open("ab") as card:
        card.truncate(2 << 20)
    with pytest.raises(CandidateError, match="bytes"):
        open_package(package.path)


def test_a_card_with_an_axis_of_nothing_is_refused(package: CandidatePackage):
    card = package.path / "card.json"
    card.write_bytes(card.read_bytes().replace(b'"shape":[3,8,8]', b'"shape":[3,0,8]'))
    with pytest.raises(InputError, match="greater than 0"):
        open_package(package.path)


def test_a_card_with_an_unknown_key_is_refused(package: CandidatePackage):
    card = package.path / "card.json"
    card.write_bytes(card.read_bytes().replace(b'"name"', b'"nickname"', 1))
    with pytest.raises(InputError, match="nickname"):
        open_package(package.path)


def test_packing_a_broken_model_leaves_nothing_behind(card_of, tmp_path: Path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no graph")
    with pytest.raises(CandidateError, match=r"broken\.onnx"):
        pack(broken, card_of(), tmp_path / "out" / "package")
    assert not (tmp_path / "out").exists()


def test_a_package_is_never_overwritten(package: CandidatePackage, tiny_onnx: Path):
    with pytest.raises(InputError, match="already exists"):
        pack(tiny_onnx, package.card, package.path)


@pytest.fixture
def submission(tmp_path: Path, tiny, card_of) -> Path:
    folder = tmp_path / "submission"
    folder.mkdir()
    (folder / "card.json").write_bytes(card_of(architecture=tiny).to_json())
    return folder


def test_an_onnx_submission_keeps_its_bytes(submission: Path, tiny_onnx: Path, tmp_path: Path):
    shutil.copy(tiny_onnx, submission / "model.onnx")
    assert import_model(submission, tmp_path / "in").model.read_bytes() == tiny_onnx.read_bytes()


def test_weights_without_a_graph_are_exported_by_the_cards_architecture(
    submission: Path, tiny, network_of, tiny_onnx: Path, tmp_path: Path
):
    save_file(network_of(tiny).state_dict(), submission / "model.safetensors")
    from_safetensors = import_candidate(submission, tmp_path / "one")
    (submission / "model.safetensors").unlink()
    torch.save(network_of(tiny).state_dict(), submission / "model.pt")
    from_torch = import_candidate(submission, tmp_path / "two")
    assert from_safetensors.digest == from_torch.digest
    for mine, theirs in zip(read_weights(from_torch.path).layers, read_weights(tiny_onnx).layers, strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"layers.0.weight": torch.zeros(4, 3, 2, 2)}, "shape"),
        ({"layers.9.weight": torch.zeros(1)}, "do not match"),
        ({"layers.0.bias": torch.full((4,), torch.inf)}, "infinite"),
    ],
)
def test_weights_that_are_not_the_architectures_are_refused(
    submission: Path, tiny, network_of, tmp_path: Path, change: dict[str, torch.Tensor], reason: str
):
    save_file({**network_of(tiny).state_dict(), **change}, submission / "model.safetensors")
    with pytest.raises(CandidateError, match=reason):
        import_candidate(submission, tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_weights_without_a_graph_need_an_architecture(submission: Path, tiny, network_of, card_of, tmp_path: Path):
    save_file(network_of(tiny).state_dict(), submission / "model.safetensors")
    (submission / "card.json").write_bytes(card_of().to_json())
    with pytest.raises(CandidateError, match="architecture"):
        import_candidate(submission, tmp_path / "in")


def test_a_submission_has_exactly_one_model(submission: Path, tiny_onnx: Path, tmp_path: Path):
    with pytest.raises(CandidateError, match="0 models"):
        import_candidate(submission, tmp_path / "in")
    for name in ("model.onnx", "model.pt"):
        shutil.copy(tiny_onnx, submission / name)
    with pytest.raises(CandidateError, match="2 models"):
        import_candidate(submission, tmp_path / "in")


def test_a_card_in_yaml_is_refused_with_the_command_that_turns_it_into_json(package: CandidatePackage):
    card = package.path / "card.json"
    value = json.loads(card.read_bytes())
    card.write_text(yaml.safe_dump(value, default_flow_style=True))
    with pytest.raises(InputError, match="if it is YAML") as refusal:
        open_package(package.path)
    command = str(refusal.value.fix).removeprefix("if it is YAML: ")
    subprocess.run(command.replace("python", sys.executable, 1), shell=True, check=True)
    assert open_package(package.path).card == package.card


def test_a_card_that_names_a_key_twice_is_refused(package: CandidatePackage):
    card = package.path / "card.json"
    card.write_bytes(card.read_bytes()[:-1] + b',"name":"other"}')
    with pytest.raises(InputError, match="'name' stands twice"):
        open_package(package.path)


def test_a_card_declares_no_more_layers_than_a_network_has(card_of):
    body = [{"kind": "relu"}] * 100
    layers = [{"kind": "residual", "body": body}] * 30
    with pytest.raises(ValueError, match="more than 2,048 layers"):
        card_of(architecture={"name": "x", "input": (3, 8, 8), "layers": layers})
