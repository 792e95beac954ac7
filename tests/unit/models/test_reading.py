import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import helper, numpy_helper
from safetensors.torch import save_file

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.export import export_onnx
from biasgate.models.files import file_digest
from biasgate.models.named_tensors import layers_of
from biasgate.models.presets import preset
from biasgate.models.reading import read_many, read_weights
from biasgate.models.weights import Weights

RANDOM = np.random.default_rng(0)


def assert_equal(one: Weights, other: Weights) -> None:
    assert [layer.kind for layer in one.layers] == [layer.kind for layer in other.layers]
    for mine, theirs in zip(one.layers, other.layers, strict=True):
        np.testing.assert_array_equal(mine.weight, theirs.weight)
        np.testing.assert_array_equal(mine.bias, theirs.bias)


def floats(*shape: int) -> np.ndarray:
    return RANDOM.standard_normal(shape).astype(np.float32)


def save(model: onnx.ModelProto, folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


def test_the_same_weights_are_read_from_all_three_formats(normed: Architecture, network_of, tmp_path: Path):
    network = network_of(normed)
    export_onnx(network, path=tmp_path / "m.onnx")
    save_file(network.state_dict(), tmp_path / "m.safetensors")
    torch.save(network.state_dict(), tmp_path / "m.pt")
    from_onnx = read_weights(tmp_path / "m.onnx")
    assert [layer.weight.shape for layer in from_onnx.layers] == [
        (4, 3, 3, 3), (6, 4, 3, 3), (6, 6, 3, 3), (6, 4, 1, 1), (3, 6),
    ]  # fmt: skip
    assert_equal(from_onnx, read_weights(tmp_path / "m.safetensors"))
    assert_equal(from_onnx, read_weights(tmp_path / "m.pt"))


def test_weights_are_those_of_the_network(tiny: Architecture, network_of, tiny_onnx: Path):
    state = network_of(tiny).state_dict()
    weights = read_weights(tiny_onnx)
    assert [layer.name for layer in weights.layers] == ["layers.0", "layers.4", "layers.6"]
    for layer in weights.layers:
        np.testing.assert_array_equal(layer.weight, state[f"{layer.name}.weight"])
        np.testing.assert_array_equal(layer.bias, state[f"{layer.name}.bias"])
    assert weights.digest == file_digest(tiny_onnx)


def test_a_package_is_read_under_its_own_digest(package, tiny_onnx: Path):
    weights = read_weights(package.path)
    assert weights.digest == package.digest
    assert_equal(weights, read_weights(tiny_onnx))


def test_folded_batch_normalisation_computes_what_both_computed(normed: Architecture, network_of, tmp_path: Path):
    network = network_of(normed)
    export_onnx(network, path=tmp_path / "m.onnx")
    layer = read_weights(tmp_path / "m.onnx").layers[0]
    x = torch.rand(2, *normed.input)
    folded = torch.conv2d(x, torch.tensor(layer.weight), torch.tensor(layer.bias), padding=1)
    both = network.layers[:2](x).detach()
    np.testing.assert_allclose(folded, both, rtol=1e-5, atol=1e-5)


def test_dense_layers_are_read_in_each_way_that_onnx_writes_them(graph_of, tmp_path: Path):
    first, second, third, bias = floats(192, 5), floats(5, 4), floats(3, 4), floats(4)
    nodes = [
        helper.make_node("Flatten", ["input"], ["x"]),
        helper.make_node("MatMul", ["x", "first"], ["y"]),
        helper.make_node("Gemm", ["y", "second"], ["z"], alpha=2.0),
        helper.make_node("Add", ["bias", "z"], ["b"]),
        helper.make_node("Gemm", ["b", "third"], ["logits"], transB=1),
    ]
    arrays = {"first": first, "second": second, "third": third, "bias": bias}
    path = save(graph_of(nodes, [numpy_helper.from_array(a, name) for name, a in arrays.items()]), tmp_path)
    layers = read_weights(path).layers
    for layer, weight in zip(layers, (first.T, 2 * second.T, third), strict=True):
        np.testing.assert_array_equal(layer.weight, weight)
    np.testing.assert_array_equal(layers[0].bias, np.zeros(5))
    np.testing.assert_array_equal(layers[1].bias, bias)


def test_input_normalisation_and_dead_nodes_are_no_layers(graph_of, tmp_path: Path):
    arrays = {"mean": floats(3, 1, 1), "weight": floats(3, 192), "decoy": floats(4, 3, 2, 2)}
    nodes = [
        helper.make_node("Sub", ["input", "mean"], ["x"]),
        helper.make_node("Conv", ["x", "decoy"], ["nowhere"]),
        helper.make_node("Flatten", ["x"], ["y"]),
        helper.make_node("Gemm", ["y", "weight"], ["logits"], transB=1),
    ]
    path = save(graph_of(nodes, [numpy_helper.from_array(a, name) for name, a in arrays.items()]), tmp_path)
    assert [layer.weight.shape for layer in read_weights(path).layers] == [(3, 192)]


def flat(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    return [helper.make_node("Flatten", ["input"], ["flat"]), node]


REFUSED = {
    "LSTM": ([helper.make_node("LSTM", ["input", "w", "w"], ["logits"], hidden_size=3)], {"w": floats(1, 12, 8)}),
    "2-D": ([helper.make_node("Conv", ["input", "w"], ["logits"])], {"w": floats(4, 3, 3)}),
    "computed": (flat(helper.make_node("Gemm", ["flat", "flat"], ["logits"])), {}),
    "array of weights": (flat(helper.make_node("Gather", ["w", "flat"], ["logits"])), {"w": floats(9, 3)}),
    "QLinearMatMul": (flat(helper.make_node("QLinearMatMul", ["flat", *"abcdefg"], ["logits"])), {}),
    "com.evil.Conv": (flat(helper.make_node("Conv", ["flat", "w"], ["logits"], domain="com.evil")), {}),
    "follow a convolution": (
        [helper.make_node("BatchNormalization", ["input", *"wwww"], ["logits"])],
        {"w": np.ones(3, np.float32)},
    ),
    "no layer with weights": (flat(helper.make_node("Softmax", ["flat"], ["logits"])), {}),
    "NaN": (flat(helper.make_node("Gemm", ["flat", "w"], ["logits"])), {"w": np.full((192, 3), np.nan, np.float32)}),
    "int64": (flat(helper.make_node("Gemm", ["flat", "w"], ["logits"])), {"w": np.ones((192, 3), np.int64)}),
}


BROKEN = {
    "no input": [helper.make_node("Identity", [], ["logits"])],
    "Gemm without weights": flat(helper.make_node("Gemm", ["flat"], ["logits"])),
    "a text for a number": flat(helper.make_node("Gemm", ["flat", "w"], ["logits"], transB="yes")),
    "a name that is no text": flat(helper.make_node("Gemm", ["flat", "w"], ["logits"], name="NAME")),
}


@pytest.mark.parametrize("nodes", BROKEN.values(), ids=BROKEN)
def test_a_node_that_is_no_node_is_refused(graph_of, tmp_path: Path, nodes: list[onnx.NodeProto]):
    path = save(graph_of(nodes, [numpy_helper.from_array(floats(192, 3), "w")]), tmp_path)
    path.write_bytes(path.read_bytes().replace(b"NAME", b"\xff\xfe\xfd\xfc"))
    with pytest.raises(CandidateError):
        read_weights(path)


@pytest.mark.parametrize("reason", REFUSED)
def test_a_graph_outside_the_declared_families_is_refused_with_its_reason(graph_of, tmp_path: Path, reason: str):
    nodes, arrays = REFUSED[reason]
    path = save(graph_of(nodes, [numpy_helper.from_array(a, name) for name, a in arrays.items()]), tmp_path)
    with pytest.raises(CandidateError, match=re.escape(reason)) as refusal:
        read_weights(path)
    assert refusal.value.where == str(path)


def test_a_norm_whose_convolution_is_used_elsewhere_is_not_folded(graph_of, tmp_path: Path):
    nodes = [
        helper.make_node("Conv", ["input", "w"], ["x"]),
        helper.make_node("BatchNormalization", ["x", *"ssss"], ["y"]),
        helper.make_node("Add", ["x", "y"], ["logits"]),
    ]
    arrays = {"w": floats(3, 3, 3, 3), "s": np.ones(3, np.float32)}
    path = save(graph_of(nodes, [numpy_helper.from_array(a, name) for name, a in arrays.items()]), tmp_path)
    with pytest.raises(CandidateError, match="follow a convolution"):
        read_weights(path)


def test_named_layers_are_ordered_as_people_count():
    tensors = {f"fc{i}.weight": np.full((2, 2), i, np.float32) for i in (10, 2, 1)}
    assert [layer.name for layer in layers_of(tensors, where="here")] == ["fc1", "fc2", "fc10"]


@pytest.mark.parametrize(
    "tensors",
    [
        {"a.weight": floats(2, 9), "b.weight": floats(4, 3, 1, 1)},
        {"norm.weight": floats(4)},
        {"rnn.weight_ih_l0": floats(4, 3)},
        {"0.weight": floats(2, 2), "0.bias": floats(3)},
        {},
    ],
    ids=["order that cannot be", "norm alone", "unknown tensor", "bias that does not fit", "nothing"],
)
def test_named_tensors_that_are_no_chain_of_layers_are_refused(tensors: dict[str, np.ndarray]):
    with pytest.raises(CandidateError):
        layers_of(tensors, where="here")


DIGITS = {
    "features.0": (24, 3, 5, 5), "features.3": (48, 24, 3, 3), "features.6": (64, 48, 3, 3),
    "classifier.0": (128, 64), "classifier.3": (10, 128),
}  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [
        tuple(DIGITS),
        ("conv1", "conv2", "conv3", "fc", "classifier"),
        ("net.0", "net.3", "net.6", "net.10", "net.13"),
        ("module.body.c1", "module.body.c2", "module.body.c3", "module.a.hidden", "module.a.exit"),
    ],
    ids=lambda names: names[-1],
)
def test_shapes_order_the_layers_where_their_names_do_not(names: tuple[str, ...]):
    shapes = dict(zip(names, DIGITS.values(), strict=True))
    tensors = {f"{name}.weight": floats(*shape) for name, shape in shapes.items()}
    assert [layer.weight.shape for layer in layers_of(tensors, where="here")] == list(shapes.values())


def test_layers_that_could_follow_in_two_orders_are_refused():
    tensors = {f"{name}.weight": floats(*shape) for name, shape in {"z": (4, 9), "b": (4, 4), "a": (4, 4)}.items()}
    with pytest.raises(CandidateError, match="no layer before it gives"):
        layers_of(tensors, where="here")


def test_many_layers_that_fit_in_no_order_are_refused_soon():
    square = {f"b{place}.weight": floats(4, 4) for place in range(30)}
    with pytest.raises(CandidateError, match="no layer before it gives"):
        layers_of({**square, "a.weight": floats(5, 7)}, where="here")


@pytest.fixture
def digit_net(network_of) -> torch.nn.Module:
    return network_of(preset("digits_paper"))


def as_others_name_it(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The state dict under the names of ``DIGITS``."""
    parameters = list(network.state_dict().values())
    names = [f"{name}.{part}" for name in DIGITS for part in ("weight", "bias")]
    return dict(zip(names, parameters, strict=True))


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model"])
def test_a_checkpoint_is_read_under_the_keys_that_training_scripts_use(digit_net, tmp_path: Path, wrapper: str):
    state = as_others_name_it(digit_net)
    torch.save({"epoch": 3, wrapper: state, "optimizer": {"param_groups": [{"lr": 0.1}]}}, tmp_path / "m.pt")
    for layer, weight in zip(read_weights(tmp_path / "m.pt").layers, list(state.values())[::2], strict=True):
        np.testing.assert_array_equal(layer.weight, weight)


def test_a_graph_of_torchs_exporter_is_read(digit_net, tmp_path: Path):
    torch.onnx.export(digit_net, (torch.rand(2, 3, 28, 28),), tmp_path / "m.onnx", dynamo=False)
    weights = list(digit_net.state_dict().values())[::2]
    for layer, weight in zip(read_weights(tmp_path / "m.onnx").layers, weights, strict=True):
        np.testing.assert_array_equal(layer.weight, weight)


def test_tensors_in_a_file_beside_the_graph_are_read_and_are_part_of_the_digest(tiny_onnx: Path, tmp_path: Path):
    graph = onnx.load(tiny_onnx)
    onnx.save_model(graph, tmp_path / "m.onnx", save_as_external_data=True, location="m.data", size_threshold=0)
    inside, apart = read_weights(tiny_onnx), read_weights(tmp_path / "m.onnx")
    assert_equal(inside, apart)
    data = bytearray((tmp_path / "m.data").read_bytes())
    data[0] ^= 1
    (tmp_path / "m.data").write_bytes(data)
    assert read_weights(tmp_path / "m.onnx").digest != apart.digest


def test_many_files_are_read_as_each_alone_and_a_bad_one_stays_alone(digit_net, tiny_onnx: Path, tmp_path: Path):
    good, bad, dangerous = (tmp_path / name for name in ("good.pt", "bad.pt", "vast.pt"))
    torch.save(as_others_name_it(digit_net), good)
    bad.write_bytes(b"no zip")
    torch.save({"layers.0.weight": torch.zeros(1).expand(1 << 20, 1 << 20)}, dangerous)
    first, second, third, fourth, fifth = read_many([good, bad, dangerous, tiny_onnx, tmp_path / "absent.pt"])
    assert isinstance(first, Weights)
    assert isinstance(fourth, Weights)
    assert_equal(first, read_weights(good))
    assert_equal(fourth, read_weights(tiny_onnx))
    for error, file, why in ((second, bad, "zip"), (third, dangerous, "memory"), (fifth, tmp_path / "absent.pt", "")):
        assert isinstance(error, CandidateError)
        assert error.where == str(file)
        assert why in error.what


def test_a_norm_after_something_without_weights_is_not_folded():
    def tensors(place: int) -> dict[str, np.ndarray]:
        parts = ("weight", "bias", "running_mean", "running_var")
        return {"0.weight": floats(4, 3, 3, 3)} | {f"{place}.{part}": np.ones(4, np.float32) for part in parts}

    assert len(layers_of(tensors(1), where="here")) == 1
    with pytest.raises(CandidateError, match="does not follow"):
        layers_of(tensors(2), where="here")


def test_reading_a_graph_needs_no_torch(tiny_onnx: Path):
    program = f"""
import sys
from pathlib import Path
from biasgate.models.reading import read_weights
read_weights(Path({str(tiny_onnx)!r}))
print(sorted({{"torch", "onnxruntime", "pandas"}} & sys.modules.keys()))
"""
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
