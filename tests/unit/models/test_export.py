from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from biasgate.errors import CandidateError, InputError
from biasgate.models.architecture import Architecture
from biasgate.models.export import export_onnx, parity
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.dropout import Dropout
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.network import build

EVERY_LAYER = Architecture(
    name="every",
    input=(2, 12, 12),
    layers=(
        Conv(out=4, kernel=3, stride=2, padding=2, dilation=2),
        Norm(),
        Relu(),
        Pool(how="max"),
        Conv(out=3, kernel=1),
        Pool(how="mean", size=1),
        Dropout(),
        Pool(how="global"),
        Flatten(),
        Dense(out=5),
    ),
)


def test_every_declared_layer_computes_the_same_in_onnx(network_of, normed, tmp_path: Path):
    for architecture in (EVERY_LAYER, normed):
        path = tmp_path / f"{architecture.name}.onnx"
        assert export_onnx(network_of(architecture), path=path) < 1e-5
        onnx.checker.check_model(path, full_check=True)


def test_the_exported_file_takes_any_batch(tiny_onnx: Path):
    session = onnxruntime.InferenceSession(tiny_onnx)
    for batch in (1, 7):
        (logits,) = session.run(["logits"], {"input": np.zeros((batch, 3, 8, 8), np.float32)})
        assert isinstance(logits, np.ndarray)
        assert logits.shape == (batch, 3)


def test_the_same_network_gives_the_same_bytes(tiny, network_of, tiny_onnx: Path, tmp_path: Path):
    again = tmp_path / "again.onnx"
    export_onnx(network_of(tiny), path=again)
    assert again.read_bytes() == tiny_onnx.read_bytes()


def test_export_leaves_the_network_in_its_mode(tiny, network_of, tmp_path: Path):
    network = network_of(tiny).train()
    export_onnx(network, path=tmp_path / "m.onnx")
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())


def test_a_module_outside_the_declared_layers_is_named_and_nothing_is_written(tmp_path: Path):
    network = build(Architecture(name="changed", input=(4,), layers=(Dense(out=4), Relu(), Dense(out=2))))
    network.layers[1] = nn.GELU()
    with pytest.raises(InputError, match=r"GELU.*layers\.1"):
        export_onnx(network, path=tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_broken_weights_are_not_exported(tiny, network_of, tmp_path: Path):
    network = network_of(tiny)
    with torch.no_grad():
        network.layers[-1].weight[0, 0] = float("nan")
    with pytest.raises(CandidateError, match="differ"):
        export_onnx(network, path=tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_export_prints_nothing(tiny, network_of, tmp_path: Path, capfd):
    export_onnx(network_of(tiny), path=tmp_path / "m.onnx")
    assert capfd.readouterr() == ("", "")


def test_parity_refuses_other_shapes():
    with pytest.raises(CandidateError):
        parity(np.zeros((2, 3), np.float32), np.zeros((2, 1), np.float32), where="here")
