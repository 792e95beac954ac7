"""Graphs whose weights are not what they say."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from hostile.candidate import graph
from hostile.case import CHANNELS, CLASSES, SIDE, Named, Write
from hostile.nodes import dense, model


def cases() -> Named:
    size = CLASSES * CHANNELS * SIDE * SIDE
    raw = np.ones(size, np.float32).tobytes()

    def shaped(*dims: int, data: bytes = raw, kind: int = TensorProto.FLOAT) -> Write:
        return graph(dense(TensorProto(name="w", data_type=kind, dims=dims, raw_data=data)))

    for name, dims in {
        "a shape that overflows": (1 << 62, 1 << 62),
        "a negative axis": (-1, 192),
        "an axis of zero": (0, 192),
        "more values than bytes": (1 << 20, 1 << 20),
        "fewer values than bytes": (2, 192),
        "a thousand axes": (1,) * 1000,
        "axes whose product wraps to the right size": (CLASSES, 192, 1 << 32, 1 << 32),
    }.items():
        yield name, shaped(*dims), True
    for kind in ("UNDEFINED", "STRING", "BOOL", "COMPLEX64", "BFLOAT16", "FLOAT8E4M3FN", "UINT4", "INT64"):
        yield f"weights of type {kind}", shaped(CLASSES, 192, kind=TensorProto.DataType.Value(kind)), True
    yield "weights of a type that does not exist", shaped(CLASSES, 192, kind=99), True
    strings = helper.make_tensor("w", TensorProto.STRING, [CLASSES, 192], [b"x"] * size)
    yield "strings for weights", graph(dense(strings)), True
    for name, number in {"NaN": np.nan, "infinite": np.inf, "minus infinite": -np.inf}.items():
        weight = np.ones((CLASSES, 192), np.float32)
        weight[1, 7] = number
        yield f"one {name} weight", graph(dense(weight)), True
    for name, number in {"the largest": 3.4e38, "the smallest": 1e-45, "zero": 0.0}.items():
        yield f"weights that are all {name}", graph(dense(np.full((CLASSES, 192), number, np.float32))), False
    yield "the same tensor twice", graph(model(list(dense().graph.node), [*dense().graph.initializer] * 2)), False
    sparse = dense()
    made = helper.make_sparse_tensor(
        numpy_helper.from_array(np.ones(1, np.float32), "s"),
        helper.make_tensor("i", TensorProto.INT64, [1], [1 << 60]),
        [1 << 40, 1 << 40],
    )
    sparse.graph.sparse_initializer.append(made)
    yield "a sparse tensor of 2^80 values", graph(sparse), True
