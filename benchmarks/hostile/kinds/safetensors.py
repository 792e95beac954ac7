"""Tensors whose header lies."""

from __future__ import annotations

import json
import struct
from functools import cache
from typing import Any

import numpy as np

from hostile.candidate import card, flipped, folder, state
from hostile.case import SECRET, Named, Write


def cases() -> Named:
    data = saved()
    for cut in range(8):
        yield f"cut at {cut}/8", folder("model.safetensors", data[: len(data) * cut // 8]), True
    for seed in range(12):
        yield f"bits turned, {seed}", folder("model.safetensors", flipped(data, seed, head=300)), False
    head = {"layers.0.weight": {"dtype": "F32", "shape": [4, 3, 3, 3], "data_offsets": [0, 432]}}
    yield "a header of 2^63 bytes", tensors(head, bytes(432), length=1 << 63), True
    yield "a header of no bytes", tensors(head, bytes(432), length=0), True
    yield "a header of half a gigabyte", tensors(head, bytes(432), length=1 << 29), True
    yield "a header that is no JSON", tensors(b"{]", bytes(432)), True
    yield "a header a hundred thousand lists deep", tensors(b"[" * 100_000), True
    yield "a header that is no text", tensors(b"\xff\xfe{}", bytes(432)), True
    for name, part in {
        "a shape that overflows": {"shape": [1 << 62, 8]},
        "a negative axis": {"shape": [-4, 27]},
        "offsets beyond the file": {"data_offsets": [0, 1 << 50]},
        "offsets in reverse": {"data_offsets": [432, 0]},
        "offsets below zero": {"data_offsets": [-8, 424]},
        "an unknown type": {"dtype": "PYOBJECT"},
        "integers for weights": {"dtype": "I32"},
        "brain floats": {"dtype": "BF16"},
        "a shape of text": {"shape": "4"},
        "no values": {"shape": [0, 3, 3, 3], "data_offsets": [0, 0]},
        "a thousand axes": {"shape": [1] * 1000},
    }.items():
        yield name, tensors({"layers.0.weight": {**head["layers.0.weight"], **part}}, bytes(432)), True
    both = {
        "layers.0.weight": head["layers.0.weight"],
        "layers.0.bias": {"dtype": "F32", "shape": [4], "data_offsets": [8, 24]},
    }
    yield "tensors that overlap", tensors(both, bytes(432)), True
    yield "a name that leaves the folder", tensors({f"../../{SECRET}": head["layers.0.weight"]}, bytes(432)), True
    yield "a name of a million letters", tensors({"n" * 1_000_000: head["layers.0.weight"]}, bytes(432)), True
    yield "notes of ninety megabytes", tensors({"__metadata__": {"a": "x" * 90_000_000}, **head}, bytes(432)), True
    hollow = {f"t{k}.weight": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]} for k in range(20_000)}
    yield "twenty thousand tensors of nothing", tensors(hollow), True
    many = {f"t{k}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * k, 4 * k + 4]} for k in range(100_000)}
    yield "a hundred thousand tensors", tensors(many, bytes(400_000)), True
    from safetensors.numpy import save

    broken = {**state(), "layers.4.bias": np.array([np.nan, 0, 0], np.float32)}
    yield "one NaN", folder("model.safetensors", save(broken)), True
    yield "tensors of another network", folder("model.safetensors", save({"other": np.ones((2, 2), np.float32)})), True
    yield "no card's architecture", folder("model.safetensors", data, card(architecture=None)), True


def tensors(header: Any, data: bytes = b"", *, length: int | None = None) -> Write:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return folder(
        "model.safetensors", struct.pack("<Q", (len(text) if length is None else length) % (1 << 64)) + text + data
    )


@cache
def saved() -> bytes:
    from safetensors.numpy import save

    return save(dict(state()))
