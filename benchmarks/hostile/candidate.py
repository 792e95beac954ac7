"""What a good candidate is."""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, helper, numpy_helper

from hostile.case import CHANNELS, CLASSES, SIDE, Write
from hostile.nodes import model


def card(**changed: Any) -> dict[str, Any]:
    contract = {"shape": [CHANNELS, SIDE, SIDE], "layout": "NCHW", "scale": 1 / 255}
    layers = [
        {"kind": "conv", "out": 4, "kernel": 3},
        {"kind": "relu"},
        {"kind": "pool"},
        {"kind": "flatten"},
        {"kind": "dense", "out": CLASSES},
    ]
    return {
        "schema": "biasgate/card/v1",
        "name": "candidate",
        "classes": ["a", "b", "c"],
        "input": contract,
        "architecture": {"name": "tiny", "input": [CHANNELS, SIDE, SIDE], "layers": layers},
        "training_data": "sha256:0",
        "submitter": "mallory",
        **changed,
    }


@cache
def state() -> dict[str, np.ndarray]:
    """Tensors of the card's architecture."""
    rng = np.random.default_rng(0)
    shapes = {
        "layers.0.weight": (4, CHANNELS, 3, 3),
        "layers.0.bias": (4,),
        "layers.4.weight": (CLASSES, 36),
        "layers.4.bias": (CLASSES,),
    }
    return {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


@cache
def good() -> bytes:
    """A convolution, a pool and a dense layer that nothing is wrong with."""
    nodes = [
        helper.make_node("Conv", ["input", "layers.0.weight", "layers.0.bias"], ["a"], kernel_shape=[3, 3]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("MaxPool", ["b"], ["c"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "layers.4.weight", "layers.4.bias"], ["logits"], transB=1),
    ]
    return model(nodes, [numpy_helper.from_array(array, name) for name, array in state().items()]).SerializeToString()


def folder(model_file: str, data: bytes | ModelProto, about: dict[str, Any] | bytes | None = None) -> Write:
    """Writes one model and a card."""

    def write(into: Path) -> None:
        (into / model_file).write_bytes(data if isinstance(data, bytes) else data.SerializeToString())
        (into / "card.json").write_bytes(about if isinstance(about, bytes) else json.dumps(about or card()).encode())

    return write


def flipped(data: bytes, seed: int, *, head: int) -> bytes:
    """One to six bits of the first ``head`` bytes turned round."""
    rng, damaged = random.Random(seed), bytearray(data)
    for _ in range(rng.randint(1, 6)):
        damaged[rng.randrange(min(head, len(damaged)))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


def graph(data: bytes | ModelProto) -> Write:
    return folder("model.onnx", data, card(architecture=None))
