import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

from biasgate.errors import BiasgateError, CandidateError
from biasgate.models.files import check_file
from biasgate.models.formats.torch import Torch
from biasgate.models.onnx import file as onnx_file
from biasgate.models.reading import read_weights
from biasgate.models.sandbox.wire import count_fields

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Payload:
    """A pickle that creates a file when a careless reader loads it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


def test_a_pickle_with_code_is_refused_and_never_run(tmp_path: Path):
    evil = tmp_path / "evil.pt"
    torch.save({"layers.0.weight": Payload(tmp_path / "owned")}, evil)
    with pytest.raises(CandidateError, match="more than tensors"):
        read_weights(evil)
    assert not (tmp_path / "owned").exists()
    torch.load(evil, weights_only=False)
    assert (tmp_path / "owned").exists(), "the payload is harmless, so that this test shows nothing"


def test_a_torch_archive_that_unpacks_to_more_than_it_is_is_refused_unopened(tmp_path: Path):
    bomb = tmp_path / "bomb.pt"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(1 << 24))
    with pytest.raises(CandidateError, match="unpacks"):
        Torch().tensors(bomb)


def test_torch_tensors_larger_than_their_file_are_refused(tmp_path: Path):
    path = tmp_path / "vast.pt"
    torch.save({"layers.0.weight": torch.zeros(1).expand(1 << 20, 1 << 20)}, path)
    with pytest.raises(CandidateError, match="memory"):
        read_weights(path)


def test_safetensors_whose_header_lies_about_sizes_are_refused(tmp_path: Path):
    path = tmp_path / "m.safetensors"
    header = b'{"0.weight":{"dtype":"F32","shape":[4611686018427387904,8],"data_offsets":[0,128]}}'
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(128))
    with pytest.raises(CandidateError):
        read_weights(path)


def test_onnx_tensors_whose_shape_lies_about_their_data_are_refused(graph_of, tmp_path: Path):
    for dims in ([1 << 62, 1 << 62], [-1, 3], [0, 3], [192, 4]):
        tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=dims, raw_data=bytes(192 * 3 * 4))
        nodes = [
            helper.make_node("Flatten", ["input"], ["x"]),
            helper.make_node("Gemm", ["x", "w"], ["logits"]),
        ]
        path = tmp_path / "m.onnx"
        path.write_bytes(graph_of(nodes, [tensor]).SerializeToString())
        with pytest.raises(CandidateError, match="broken"):
            read_weights(path)


def test_a_graph_of_more_fields_than_memory_could_hold_is_refused_unparsed(tiny_onnx: Path, monkeypatch):
    monkeypatch.setattr(onnx_file, "MAX_FIELDS", 1000)
    read_weights(tiny_onnx)
    empty_nodes = ModelProto(graph=GraphProto(node=[NodeProto()] * 1000)).SerializeToString()
    assert len(empty_nodes) < len(tiny_onnx.read_bytes())
    tiny_onnx.write_bytes(empty_nodes)
    with pytest.raises(CandidateError, match="fields"):
        read_weights(tiny_onnx)


@given(nodes=st.integers(0, 5), inputs=st.integers(0, 5), steps=st.lists(st.integers(0, 127), max_size=9))
def test_every_field_and_every_packed_integer_is_counted(nodes: int, inputs: int, steps: list[int]):
    packed = TensorProto(int64_data=steps, raw_data=bytes(500))
    graph = GraphProto(node=[NodeProto(input=["x"] * inputs)] * nodes, initializer=[packed])
    expected = 1 + nodes * (1 + inputs) + 1 + (1 + len(steps) if steps else 0) + 1
    assert count_fields(ModelProto(graph=graph).SerializeToString(), ModelProto, limit=1000) == expected


@pytest.mark.parametrize("where", ["initializer", "constant", "subgraph"])
def test_onnx_weights_in_another_folder_are_refused(graph_of, tmp_path: Path, where: str):
    tensor = numpy_helper.from_array(np.zeros((192, 3), np.float32), "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    entry = tensor.external_data.add()
    entry.key, entry.value = "location", "../secrets"
    nodes = [helper.make_node("Flatten", ["input"], ["x"]), helper.make_node("Gemm", ["x", "w"], ["logits"])]
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    if where == "subgraph":
        inner = helper.make_graph([constant], "inner", [], [])
        nodes.append(helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner))
    initializers = [tensor] if where == "initializer" else []
    path = tmp_path / "m.onnx"
    path.write_bytes(graph_of(([constant] if where == "constant" else []) + nodes, initializers).SerializeToString())
    with pytest.raises(CandidateError, match="not in the same folder"):
        read_weights(path)
    with pytest.raises(CandidateError, match="another file"):
        onnx_file.load_onnx(path)


OUTSIDE = {
    "a link": {"location": "link"},
    "an absent file": {"location": "absent"},
    "beyond the end": {"location": "data", "offset": "1"},
    "below zero": {"location": "data", "offset": "-1"},
    "another size": {"location": "data", "length": "8"},
    "another folder": {"location": "../data"},
    "the root": {"location": "/etc/hostname"},
    "nowhere": {},
}


@pytest.mark.parametrize("places", OUTSIDE.values(), ids=OUTSIDE)
def test_onnx_weights_outside_the_file_beside_are_refused(graph_of, tmp_path: Path, places: dict[str, str]):
    path = beside(graph_of, tmp_path, [("w", places)])
    with pytest.raises(CandidateError) as refusal:
        read_weights(path)
    assert refusal.value.where == str(path)


def test_onnx_weights_that_take_more_than_the_file_beside_holds_are_refused(graph_of, tmp_path: Path):
    whole = {"location": "data", "offset": "0"}
    read_weights(beside(graph_of, tmp_path, [("w", whole)]))
    with pytest.raises(CandidateError, match="another size"):
        read_weights(beside(graph_of, tmp_path, [("w", whole), ("again", whole)]))


def beside(graph_of, folder: Path, tensors: list[tuple[str, dict[str, str]]]) -> Path:
    """A graph whose tensors of 192 by 3 lie where they say; ``data`` holds one of them, ``link`` leads to it."""
    (folder / "data").write_bytes(bytes(192 * 3 * 4))
    if not (folder / "link").is_symlink():
        (folder / "link").symlink_to(folder / "data")
    stored = []
    for name, places in tensors:
        tensor = TensorProto(name=name, data_type=TensorProto.FLOAT, dims=(192, 3))
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in places.items():
            tensor.external_data.add(key=key, value=value)
        stored.append(tensor)
    nodes = [helper.make_node("Flatten", ["input"], ["x"]), helper.make_node("Gemm", ["x", "w"], ["logits"])]
    path = folder / "m.onnx"
    path.write_bytes(graph_of(nodes, stored).SerializeToString())
    return path


def test_only_a_regular_file_of_a_sane_size_is_opened(tiny_onnx: Path, tmp_path: Path):
    link, pipe, empty = tmp_path / "link.onnx", tmp_path / "pipe.onnx", tmp_path / "empty.onnx"
    link.symlink_to(tiny_onnx)
    os.mkfifo(pipe)
    empty.touch()
    for path in (link, pipe, empty, tmp_path / "missing.onnx"):
        with pytest.raises(CandidateError) as refusal:
            read_weights(path)
        assert refusal.value.where == str(path)
    with pytest.raises(CandidateError, match="bytes"):
        check_file(tiny_onnx, limit=100)


def test_a_format_that_can_hold_code_is_not_read(tmp_path: Path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"x")
    with pytest.raises(CandidateError, match=r"\.pkl"):
        read_weights(path)


def damage(data: bytes, *, keep: float, flips: list[tuple[float, int]]) -> bytes:
    damaged = bytearray(data[: int(len(data) * keep)])
    for place, bits in flips:
        if damaged:
            damaged[int(place * (len(damaged) - 1))] ^= bits
    return bytes(damaged)


shares = st.floats(0, 1)
flips = st.lists(st.tuples(shares, st.integers(1, 255)), max_size=6)


def assert_read_or_refused(path: Path) -> None:
    try:
        weights = read_weights(path)
    except BiasgateError:
        return
    for layer in weights.layers:
        assert layer.weight.dtype == np.float32
        assert np.isfinite(layer.weight).all()
        assert layer.bias.shape == (len(layer.weight),)


@FUZZ
@given(keep=st.just(1.0) | shares, flips=flips, head=shares)
def test_a_damaged_onnx_file_is_read_or_refused_never_a_crash(tiny_onnx: Path, tmp_path: Path, keep, flips, head):
    near_structure = [(place * head * 0.2, bits) for place, bits in flips]
    path = tmp_path / "damaged.onnx"
    path.write_bytes(damage(tiny_onnx.read_bytes(), keep=keep, flips=near_structure))
    assert_read_or_refused(path)


@FUZZ
@given(keep=st.just(1.0) | shares, flips=flips, head=shares)
def test_a_damaged_safetensors_file_is_read_or_refused_never_a_crash(tmp_path: Path, keep, flips, head):
    whole, path = tmp_path / "whole.safetensors", tmp_path / "damaged.safetensors"
    save_file({"0.weight": np.ones((4, 3, 3, 3), np.float32), "1.weight": np.ones((2, 4), np.float32)}, whole)
    path.write_bytes(damage(whole.read_bytes(), keep=keep, flips=[(place * head, bits) for place, bits in flips]))
    assert_read_or_refused(path)
