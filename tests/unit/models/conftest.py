from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
import torch
from onnx import TensorProto, helper

from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard, InputContract
from biasgate.models.export import export_onnx
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.network import Network, build, initialise
from biasgate.models.package import CandidatePackage, pack

torch.set_num_threads(1)


@pytest.fixture(scope="session")
def tiny() -> Architecture:
    """Convolution and dense layers."""
    layers = (Conv(out=4, kernel=3), Relu(), Pool(), Flatten(), Dense(out=6), Relu(), Dense(out=3))
    return Architecture(name="tiny", input=(3, 8, 8), layers=layers)


@pytest.fixture(scope="session")
def normed() -> Architecture:
    """Batch normalisation and a residual block with a strided skip."""
    body = (Conv(out=6, kernel=3, stride=2, padding=1), Norm(), Relu(), Conv(out=6, kernel=3, padding=1))
    stem = (Conv(out=4, kernel=3, padding=1), Norm(), Relu())
    head = (Pool(how="global"), Flatten(), Dense(out=3))
    return Architecture(name="normed", input=(3, 8, 8), layers=(*stem, Residual(body=body), *head))


def _network_of(architecture: Architecture) -> Network:
    generator = torch.Generator().manual_seed(0)
    network = build(architecture)
    initialise(network, init="kaiming_normal", generator=generator)
    for tensor in network.state_dict().values():
        if tensor.ndim == 1:
            tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.5)
    return network.eval()


@pytest.fixture(scope="session")
def network_of() -> Callable[[Architecture], Network]:
    """Fixed random weights, biases and batch statistics."""
    return _network_of


@pytest.fixture(scope="session")
def card_of() -> Callable[..., CandidateCard]:
    """A valid card for 8×8 colour images and three classes, with changes."""

    def card(**changes: object) -> CandidateCard:
        contract = InputContract(shape=(3, 8, 8), layout="NCHW", scale=1 / 255)
        fields = {"name": "candidate", "classes": ("a", "b", "c"), "input": contract, "training_data": "sha256:0"}
        return CandidateCard(**{**fields, "submitter": "someone", **changes})  # type: ignore[arg-type]

    return card


@pytest.fixture
def tiny_onnx(tiny: Architecture, tmp_path: Path) -> Path:
    path = tmp_path / "tiny.onnx"
    export_onnx(_network_of(tiny), path=path)
    return path


@pytest.fixture
def package(tiny: Architecture, tiny_onnx: Path, card_of, tmp_path: Path) -> CandidatePackage:
    return pack(tiny_onnx, card_of(architecture=tiny), tmp_path / "package")


@pytest.fixture(scope="session")
def graph_of() -> Callable[..., onnx.ModelProto]:
    """A hand-made ONNX model from nodes and initializers: ``input`` [n, 3, 8, 8] to ``logits`` [n, 3]."""

    def graph(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto]) -> onnx.ModelProto:
        ends = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
            for name, shape in (("input", ["n", 3, 8, 8]), ("logits", ["n", 3]))
        ]
        body = helper.make_graph(nodes, "graph", ends[:1], ends[1:], initializers)
        return helper.make_model(body, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)

    return graph
