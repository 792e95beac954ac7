"""Over two hundred hostile candidates, the same on every machine: each writes a folder that somebody might submit.

``cases()`` lists them. A case that no reader may let through is ``forbidden``; what happens to the others does not
matter as long as it is a measurement or a reason.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

SIDE, CHANNELS, CLASSES = 8, 3, 3
SECRET = "secret.bin"
"""Lies beside each candidate's folder: tensors that a candidate must not be able to read."""
CANARY = "executed"
"""Appears beside each candidate's folder when a candidate's code runs."""

Write = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One candidate; ``write`` fills an empty folder with it."""

    name: str
    write: Write
    forbidden: bool


def cases() -> list[Case]:
    """All candidates, in one order, each under a name of its own."""
    makers = (
        onnx_bytes,
        onnx_tensors,
        external_data,
        control_flow,
        memory,
        operators,
        batches,
        graphs,
        types,
        files,
        safetensors,
        pickles,
        archives,
        cards,
        packages,
    )
    found = [
        Case(f"{maker.__name__}: {name}", write, forbidden) for maker in makers for name, write, forbidden in maker()
    ]
    assert len({case.name for case in found}) == len(found)
    return found


Named = Iterator[tuple[str, Write, bool]]


# What a good candidate is


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


def value(name: str, shape: list[Any], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


INPUT, LOGITS = value("input", ["n", CHANNELS, SIDE, SIDE]), value("logits", ["n", CLASSES])


def model(
    nodes: list[NodeProto],
    tensors: Sequence[TensorProto] = (),
    *,
    inputs: Any = (INPUT,),
    outputs: Any = (LOGITS,),
    opset: int = 17,
    **fields: Any,
) -> ModelProto:
    graph = helper.make_graph(nodes, "graph", list(inputs), list(outputs), tensors)
    return helper.make_model(graph, **{"opset_imports": [helper.make_opsetid("", opset)], "ir_version": 9, **fields})


def dense(
    weight: np.ndarray | TensorProto | None = None, before: Sequence[NodeProto] = (), source: str = "input"
) -> ModelProto:
    """Flatten and one dense layer, with other nodes before it and another weight."""
    if weight is None:
        weight = np.ones((CLASSES, CHANNELS * SIDE * SIDE), np.float32)
    tensor = weight if isinstance(weight, TensorProto) else numpy_helper.from_array(weight, "w")
    nodes = [
        helper.make_node("Flatten", [source], ["flat"]),
        helper.make_node("Gemm", ["flat", "w"], ["logits"], transB=1),
    ]
    return model([*before, *nodes], [tensor])


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


def graph(data: bytes | ModelProto) -> Write:
    return folder("model.onnx", data, card(architecture=None))


def flipped(data: bytes, seed: int, *, head: int) -> bytes:
    """One to six bits of the first ``head`` bytes turned round."""
    rng, damaged = random.Random(seed), bytearray(data)
    for _ in range(rng.randint(1, 6)):
        damaged[rng.randrange(min(head, len(damaged)))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


# ONNX


def onnx_bytes() -> Named:
    data = good()
    for cut in range(16):
        yield f"cut at {cut}/16", graph(data[: len(data) * cut // 16]), True
    for seed in range(24):
        yield f"bits turned, {seed}", graph(flipped(data, seed, head=400)), False
    yield "a pickle", graph(pickle.dumps(Payload(Path(CANARY)))), True
    yield "a zip archive", graph(zipped({"data.pkl": b"x"})), True
    yield "text", graph(b"model: please\n" * 99), True
    yield "a length that overflows", graph(b"\x3a" + b"\xff" * 9 + b"\x7f"), True
    yield "a length beyond the file", graph(b"\x3a\xff\xff\xff\x7f\x0a"), True
    yield "two million empty nodes", graph(b"\x3a" + varint(4_000_000) + b"\x0a\x00" * 2_000_000), True
    yield "graphs within graphs, ten thousand deep", graph(nested_messages(10_000)), True
    yield "packed integers, eighty million", graph(packed(80_000_000)), True


def varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def nested_messages(depth: int) -> bytes:
    """graph { node { attribute { g { node { … } } } } }, built from the inside."""
    inner = b""
    for _ in range(depth):
        for field in (b"\x32", b"\x2a", b"\x0a"):  # g of an attribute, attribute of a node, node of a graph
            inner = field + varint(len(inner)) + inner
    return b"\x3a" + varint(len(inner)) + inner


def packed(count: int) -> bytes:
    """An initializer of so many one-byte integers that each take eight in memory."""
    numbers = b"\x3a" + varint(count) + bytes(count)  # int64_data
    tensor = b"\x2a" + varint(len(numbers)) + numbers
    return b"\x3a" + varint(len(tensor)) + tensor


def onnx_tensors() -> Named:
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


def external(location: str, **entries: str) -> TensorProto:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[CLASSES, CHANNELS * SIDE * SIDE])
    tensor.data_location = TensorProto.EXTERNAL
    for key, text in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=text)
    return tensor


def external_data() -> Named:
    for location in (
        f"../{SECRET}",
        "/etc/passwd",
        SECRET,
        f"file:../{SECRET}",
        f"a/../../{SECRET}",
        "",
        "/dev/zero",
        "/proc/self/environ",
        f"..\\{SECRET}",
        "http://127.0.0.1:9/w",
        f"../{SECRET}\0.onnx",
    ):
        yield f"weights in {location!r}", graph(dense(external(location))), True
    yield "an offset below zero", graph(dense(external(f"../{SECRET}", offset="-8", length="99999999999"))), True
    tensor = external(f"../{SECRET}")
    constant = helper.make_node("Constant", [], ["w"], value=tensor)
    body = list(dense().graph.node)
    yield "in a constant", graph(model([constant, *body])), True
    inner = helper.make_graph([constant], "inner", [], [value("w", [CLASSES, 192])])
    chosen = [
        helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("t", TensorProto.BOOL, [], [True])),
        helper.make_node("If", ["yes"], ["w"], then_branch=inner, else_branch=inner),
    ]
    yield "in a branch", graph(model([*chosen, *body])), True
    function = helper.make_function("local", "Secret", [], ["w"], [constant], [helper.make_opsetid("", 17)])
    uses = [helper.make_node("Secret", [], ["w"], domain="local"), *body]
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    yield "in a local function", graph(model(uses, functions=[function], opset_imports=imports)), True
    trained = dense()
    trained.training_info.add().initialization.initializer.append(tensor)
    yield "in training information", graph(trained), True
    several = NodeProto(op_type="Constant", output=["w"])
    several.attribute.append(AttributeProto(name="value", type=AttributeProto.TENSORS, tensors=[tensor]))
    yield "in a list of tensors", graph(model([several, *body])), True

    def linked(into: Path) -> None:
        graph(dense(external("weights.bin")))(into)
        (into / "weights.bin").symlink_to(into.parent / SECRET)

    yield "through a link", linked, True


def boolean(name: str, yes: bool = True) -> NodeProto:
    return helper.make_node("Constant", [], [name], value=helper.make_tensor(f"{name}.t", TensorProto.BOOL, [], [yes]))


def integer(name: str, *numbers: int) -> NodeProto:
    return helper.make_node(
        "Constant",
        [],
        [name],
        value=helper.make_tensor(f"{name}.t", TensorProto.INT64, [len(numbers)] if len(numbers) != 1 else [], numbers),
    )


def vector(name: str, *numbers: int) -> NodeProto:
    return helper.make_node(
        "Constant", [], [name], value=helper.make_tensor(f"{name}.t", TensorProto.INT64, [len(numbers)], numbers)
    )


def loop(body_node: NodeProto, *, turns: int = (1 << 63) - 1) -> ModelProto:
    """``x`` goes round for ever through one node before the dense layer gets it."""
    shape = [None] * 4
    body = helper.make_graph(
        [helper.make_node("Identity", ["go"], ["again"]), body_node],
        "body",
        [value("i", [], TensorProto.INT64), value("go", [], TensorProto.BOOL), value("x", shape)],
        [value("again", [], TensorProto.BOOL), value("y", shape)],
    )
    before = [
        integer("turns", turns),
        boolean("yes"),
        helper.make_node("Loop", ["turns", "yes", "input"], ["out"], body=body),
    ]
    return dense(before=before, source="out")


def control_flow() -> Named:
    yield "a loop without end", graph(loop(helper.make_node("Relu", ["x"], ["y"]))), True
    yield "a loop that doubles its tensor", graph(loop(helper.make_node("Concat", ["x", "x"], ["y"], axis=0))), True
    yield "a loop of ten million turns", graph(loop(helper.make_node("Relu", ["x"], ["y"]), turns=10_000_000)), False
    scan = helper.make_graph(
        [helper.make_node("Identity", ["row"], ["o"])], "scan", [value("row", [None] * 3)], [value("o", [None] * 3)]
    )
    yield (
        "a scan",
        graph(dense(before=[helper.make_node("Scan", ["input"], ["out"], body=scan, num_scan_inputs=1)], source="out")),
        False,
    )
    inner = helper.make_graph([helper.make_node("Relu", ["input"], ["r0"])], "0", [], [value("r0", [None] * 4)])
    for depth in range(1, 25):
        node = helper.make_node("If", ["yes"], [f"r{depth}"], then_branch=inner, else_branch=inner)
        inner = helper.make_graph([node], str(depth), [], [value(f"r{depth}", [None] * 4)])
        if depth in (6, 12):
            yield (
                f"branches within branches, {2 << depth} leaves",
                graph(dense(before=[boolean("yes"), node], source=f"r{depth}")),
                False,
            )
        if depth == 12:
            break
    wrong = helper.make_graph([helper.make_node("Relu", ["input"], ["r"])], "b", [], [value("r", [None] * 4)])
    yield (
        "a branch on a float",
        graph(
            dense(
                before=[helper.make_node("If", ["input"], ["out"], then_branch=wrong, else_branch=wrong)], source="out"
            )
        ),
        True,
    )


def memory() -> Named:
    huge = (1 << 20, 1 << 20)
    yield (
        "a constant of 2^40 values",
        graph(bomb(helper.make_node("ConstantOfShape", ["s"], ["b"]), vector("s", *huge))),
        True,
    )
    yield "random numbers, 2^40", graph(bomb(helper.make_node("RandomNormal", [], ["b"], shape=list(huge)))), True
    yield (
        "a range of 2^60",
        graph(
            bomb(
                helper.make_node("Range", ["z", "e", "o"], ["k"]),
                integer("z", 0),
                integer("e", 1 << 60),
                integer("o", 1),
                helper.make_node("Cast", ["k"], ["b"], to=TensorProto.FLOAT),
            )
        ),
        True,
    )
    yield (
        "an identity matrix of 2^40",
        graph(
            bomb(
                helper.make_node("OneHot", ["i", "d", "v"], ["b"]),
                vector("i", *range(1024)),
                integer("d", 1 << 40),
                helper.make_node(
                    "Constant", [], ["v"], value=helper.make_tensor("v.t", TensorProto.FLOAT, [2], [0.0, 1.0])
                ),
            )
        ),
        True,
    )
    for name, node, extra in (
        ("expanded", helper.make_node("Expand", ["input", "s"], ["out"]), vector("s", 1 << 30, CHANNELS, SIDE, SIDE)),
        ("tiled", helper.make_node("Tile", ["input", "s"], ["out"]), vector("s", 1, 1, 1 << 20, 1 << 20)),
        ("padded", helper.make_node("Pad", ["input", "s"], ["out"]), vector("s", 0, 0, 1 << 20, 1 << 20, 0, 0, 0, 0)),
        (
            "resized",
            helper.make_node("Resize", ["input", "", "", "s"], ["out"]),
            vector("s", 1, CHANNELS, 1 << 20, 1 << 20),
        ),
    ):
        reduced = helper.make_node("ReduceMean", ["out"], ["small"], axes=[2, 3])
        yield (
            f"an input {name} to terabytes",
            graph(model([extra, node, reduced, helper.make_node("Flatten", ["small"], ["logits"])])),
            True,
        )
    convolved = helper.make_node("Conv", ["input", "k"], ["out"], pads=[1 << 20] * 4)
    kernel = numpy_helper.from_array(np.ones((CLASSES, CHANNELS, 1, 1), np.float32), "k")
    yield (
        "a convolution with a million pixels of padding",
        graph(
            model(
                [
                    convolved,
                    helper.make_node("GlobalAveragePool", ["out"], ["p"]),
                    helper.make_node("Flatten", ["p"], ["logits"]),
                ],
                [kernel],
            )
        ),
        True,
    )
    chain = [helper.make_node("Identity", ["input"], ["i0"])]
    chain += [helper.make_node("Add", [f"i{k}", f"i{k}"], [f"i{k + 1}"]) for k in range(50_000)]
    yield "a chain of fifty thousand nodes", graph(dense(before=chain, source="i50000")), False
    wide = [helper.make_node("Concat", [f"c{k}", f"c{k}"], [f"c{k + 1}"], axis=2) for k in range(1, 40)]
    yield (
        "forty doublings",
        graph(dense(before=[helper.make_node("Identity", ["input"], ["c1"]), *wide], source="c40")),
        True,
    )


def bomb(node: NodeProto, *before: NodeProto) -> ModelProto:
    """The node's output ``b`` becomes one number that is added to the logits."""
    last = [n for n in before if n.op_type == "Cast"]
    first = [n for n in before if n.op_type != "Cast"]
    total = helper.make_node("ReduceMean", ["b"], ["mean"], keepdims=0)
    nodes = [*dense().graph.node]
    nodes[-1].output[0] = "plain"
    return model(
        [*first, node, *last, total, *nodes, helper.make_node("Add", ["plain", "mean"], ["logits"])],
        [*dense().graph.initializer],
    )


def operators() -> Named:
    def through(operator: str, domain: str = "", **attributes: Any) -> Write:
        node = helper.make_node(operator, ["input"], ["out"], domain=domain, **attributes)
        made = dense(before=[node], source="out")
        if domain:
            made.opset_import.append(helper.make_opsetid(domain, 1))
        return graph(made)

    yield "an operator of an unknown domain", through("Evil", "com.evil"), True
    yield "Python in a graph", through("PyOp", "ai.onnx.contrib", module="os", code="import os"), True
    yield "a library to load", through("Load", "com.evil", library="/tmp/evil.so"), True
    yield "an operator that does not exist", through("Rlu"), True
    yield "an operator without a name", through(""), True
    yield "a name with escape codes", through("\x1b[2J\x1b[31mRelu"), True
    yield "an operator of Microsoft's", through("Gelu", "com.microsoft"), False
    relu = helper.make_node("Relu", ["x"], ["y"])
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
    recursive = helper.make_function(
        "local", "F", ["x"], ["y"], [helper.make_node("F", ["x"], ["y"], domain="local")], imports
    )
    call = [helper.make_node("F", ["input"], ["out"], domain="local")]
    yield (
        "a function that calls itself",
        graph(
            model(
                [*call, *dense(source="out").graph.node],
                [*dense().graph.initializer],
                functions=[recursive],
                opset_imports=imports,
            )
        ),
        True,
    )
    shadow = helper.make_function("", "Relu", ["x"], ["y"], [helper.make_node("Identity", ["x"], ["y"])], imports[:1])
    yield (
        "a function that takes Relu's place",
        graph(
            model(
                [helper.make_node("Relu", ["input"], ["out"]), *dense(source="out").graph.node],
                [*dense().graph.initializer],
                functions=[shadow],
            )
        ),
        True,
    )
    grow = [
        helper.make_function(
            "local",
            f"F{k}",
            ["x"],
            ["y"],
            [
                helper.make_node(f"F{k + 1}", ["x"], ["m"], domain="local"),
                helper.make_node(f"F{k + 1}", ["m"], ["y"], domain="local"),
            ],
            imports,
        )
        for k in range(28)
    ]
    grow.append(helper.make_function("local", "F28", ["x"], ["y"], [relu], imports))
    call = [helper.make_node("F0", ["input"], ["out"], domain="local")]
    yield (
        "functions that inline to 2^28 nodes",
        graph(
            model(
                [*call, *dense(source="out").graph.node],
                [*dense().graph.initializer],
                functions=grow,
                opset_imports=imports,
            )
        ),
        True,
    )


def batches() -> Named:
    """Graphs that are one model for the gate and another where they serve."""

    def after(*nodes: NodeProto, tensors: Sequence[TensorProto] = ()) -> Write:
        made = dense(state()["layers.0.weight"].reshape(4, -1).repeat(8, axis=1)[:CLASSES, : CHANNELS * SIDE * SIDE])
        made.graph.node[-1].output[0] = "plain"
        made.graph.node.extend(nodes)
        made.graph.initializer.extend(tensors)
        return graph(made)

    def gate(operator: str, number: int) -> Write:
        """Turns the logits over where the size of the batch is so."""
        return after(
            helper.make_node("Shape", ["plain"], ["shape"], end=1),
            integer("number", number),
            helper.make_node(operator, ["shape", "number"], ["is"]),
            helper.make_node("Neg", ["plain"], ["turned"]),
            helper.make_node("Where", ["is", "turned", "plain"], ["logits"]),
        )

    yield "turned over when alone", gate("Equal", 1), True
    yield "turned over in batches of the evaluation", gate("Equal", 2), True
    yield "turned over in small batches", gate("Less", 9), True
    for operator in ("ReduceMean", "ReduceMax", "ReduceProd", "ReduceL2", "ReduceLogSumExp"):
        nodes = (
            helper.make_node(operator, ["plain"], ["r"], axes=[0]),
            helper.make_node("Sub", ["plain", "r"], ["logits"]),
        )
        yield f"{operator} over the batch", after(*nodes), True
    for operator in ("Softmax", "LogSoftmax", "Hardmax"):
        yield f"{operator} over the batch", after(helper.make_node(operator, ["plain"], ["logits"], axis=0)), True
    yield "the batch in reverse", after(
        vector("first", -1), vector("last", -(1 << 40)), vector("axis", 0), vector("step", -1),
        helper.make_node("Slice", ["plain", "first", "last", "axis", "step"], ["logits"]),
    ), True  # fmt: skip
    for operator in ("RandomNormalLike", "RandomUniformLike", "Bernoulli"):
        nodes = (
            helper.make_node("Sigmoid", ["plain"], ["p"]),
            helper.make_node(operator, ["p"], ["noise"]),
            helper.make_node("Add", ["plain", "noise"], ["logits"]),
        )
        yield f"{operator} in its answer", after(*nodes), True
        imports = [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)]
        function = helper.make_function("local", "Odd", ["plain"], ["logits"], nodes, imports[:1])
        made = dense()
        made.graph.node[-1].output[0] = "plain"
        made.graph.node.append(helper.make_node("Odd", ["plain"], ["logits"], domain="local"))
        made.functions.append(function)
        made.opset_import.extend(imports[1:])
        yield f"{operator} in a local function", graph(made), True


def graphs() -> Named:
    body, tensors = list(dense().graph.node), list(dense().graph.initializer)
    cycle = [helper.make_node("Add", ["input", "q"], ["p"]), helper.make_node("Relu", ["p"], ["q"])]
    yield "a cycle", graph(dense(before=cycle, source="q")), True
    yield (
        "a node that takes its own output",
        graph(dense(before=[helper.make_node("Relu", ["p"], ["p"])], source="p")),
        True,
    )
    yield "nodes in the wrong order", graph(model(body[::-1], tensors)), True
    yield "two nodes with one output", graph(model([*body, body[-1]], tensors)), True
    twice = [helper.make_node("Relu", ["input"], ["x"], name="n"), helper.make_node("Relu", ["x"], ["y"], name="n")]
    yield "two nodes with one name", graph(dense(before=twice, source="y")), False
    yield "an input that nothing gives", graph(dense(source="nowhere")), True
    yield "an output that nothing gives", graph(model(body, tensors, outputs=[value("else", ["n", CLASSES])])), True
    yield "no output", graph(model(body, tensors, outputs=[])), True
    yield "no input", graph(model(body, tensors, inputs=[])), True
    yield "no node", graph(model([], tensors)), True
    yield "two inputs", graph(model(body, tensors, inputs=[INPUT, value("other", [1])])), True
    yield "two outputs", graph(model(body, tensors, outputs=[LOGITS, value("flat", ["n", 192])])), False
    alike = helper.make_node("Identity", ["logits"], ["logits_too"])
    yield (
        "two outputs alike",
        graph(model([*body, alike], tensors, outputs=[LOGITS, value("logits_too", ["n", CLASSES])])),
        True,
    )
    many = [INPUT, *(value(f"i{k}", ["n", 1]) for k in range(2_000))]
    yield "two thousand inputs", graph(model(body, tensors, inputs=many)), True
    yield (
        "an initializer that is the input",
        graph(model(body, [*tensors, numpy_helper.from_array(np.ones((1, 3, 8, 8), np.float32), "input")])),
        False,
    )
    yield "weights that are an input", graph(model(body, tensors, inputs=[INPUT, value("w", [CLASSES, 192])])), False
    yield "weights that are only an input", graph(model(body, inputs=[INPUT, value("w", [CLASSES, 192])])), True
    yield "no opset", graph(model(body, tensors, opset_imports=[])), False
    for number in (0, -1, 6, 9_999, (1 << 62)):
        yield f"opset {number}", graph(model(body, tensors, opset=number)), number != 6
    for number in (0, 99, 1 << 40):
        yield f"IR version {number}", graph(model(body, tensors, ir_version=number)), number > 0
    long = dense()
    long.graph.node[0].name = "n" * 1_000_000
    yield "a name of a million letters", graph(long), False
    escaped = dense()
    escaped.graph.name = escaped.graph.node[0].name = "\x1b]0;owned\x07</script><script>alert(1)</script>\u202e"
    yield "names with escape codes and markup", graph(escaped), False
    bad = dense().SerializeToString().replace(b"flat", b"\xff\xfe\xfd\xfc")
    yield "names that are no text", graph(bad), True
    gone = dense()
    gone.ClearField("graph")
    yield "no graph", graph(gone), True
    documented = dense()
    documented.doc_string = "d" * 30_000_000
    yield "thirty megabytes of documentation", graph(documented), False
    yield (
        "an attribute of the wrong type",
        graph(dense(before=[helper.make_node("Flatten", ["input"], ["f"], axis="one")], source="f")),
        True,
    )
    yield (
        "an axis out of range",
        graph(dense(before=[helper.make_node("Flatten", ["input"], ["f"], axis=1 << 60)], source="f")),
        True,
    )


def types() -> Named:
    def gives(name: str, shape: list[Any], node: NodeProto, kind: int = TensorProto.FLOAT) -> Write:
        return graph(
            model([*dense().graph.node, node], [*dense().graph.initializer], outputs=[value(name, shape, kind)])
        )

    yield (
        "an output of integers",
        gives(
            "o", ["n", CLASSES], helper.make_node("Cast", ["logits"], ["o"], to=TensorProto.INT64), TensorProto.INT64
        ),
        True,
    )
    yield (
        "an output of texts",
        gives(
            "o", ["n", CLASSES], helper.make_node("Cast", ["logits"], ["o"], to=TensorProto.STRING), TensorProto.STRING
        ),
        True,
    )
    yield "too few classes", graph(dense(np.ones((2, 192), np.float32))), True
    yield "too many classes", graph(dense(np.ones((5000, 192), np.float32))), True
    yield (
        "one number for all samples",
        gives("o", [], helper.make_node("ReduceMean", ["logits"], ["o"], keepdims=0)),
        True,
    )
    yield "NaN for outputs", gives("o", ["n", CLASSES], helper.make_node("Sqrt", ["m"], ["o"])), True
    nan = [helper.make_node("Neg", ["logits"], ["m"]), helper.make_node("Sqrt", ["m"], ["o"])]
    yield (
        "roots of negative numbers",
        graph(model([*dense().graph.node, *nan], [*dense().graph.initializer], outputs=[value("o", ["n", CLASSES])])),
        False,
    )
    over = [helper.make_node("Exp", ["logits"], ["m"]), helper.make_node("Exp", ["m"], ["o"])]
    yield (
        "outputs that overflow",
        graph(model([*dense().graph.node, *over], [*dense().graph.initializer], outputs=[value("o", ["n", CLASSES])])),
        False,
    )
    yield (
        "an input of texts",
        graph(model([helper.make_node("Identity", ["t"], ["logits"])], inputs=[value("t", ["n"], TensorProto.STRING)])),
        True,
    )
    sequence = helper.make_tensor_sequence_value_info("s", TensorProto.FLOAT, ["n", CLASSES])
    yield (
        "an output that is a sequence",
        graph(
            model(
                [*dense().graph.node, helper.make_node("SequenceConstruct", ["logits"], ["s"])],
                [*dense().graph.initializer],
                outputs=[sequence],
            )
        ),
        True,
    )
    yield (
        "a fixed batch of zero",
        graph(
            model(
                list(dense().graph.node),
                [*dense().graph.initializer],
                inputs=[value("input", [0, CHANNELS, SIDE, SIDE])],
            )
        ),
        True,
    )
    yield (
        "a fixed batch of 2^40",
        graph(
            model(
                list(dense().graph.node),
                [*dense().graph.initializer],
                inputs=[value("input", [1 << 40, CHANNELS, SIDE, SIDE])],
            )
        ),
        True,
    )
    yield (
        "a fixed batch below zero",
        graph(
            model(
                list(dense().graph.node),
                [*dense().graph.initializer],
                inputs=[value("input", [-7, CHANNELS, SIDE, SIDE])],
            )
        ),
        False,
    )
    yield (
        "an input of another shape",
        graph(model(list(dense().graph.node), [*dense().graph.initializer], inputs=[value("input", ["n", 1, 4, 4])])),
        True,
    )


def files() -> Named:
    def special(make: Callable[[Path], object]) -> Write:
        def write(into: Path) -> None:
            (into / "card.json").write_text(json.dumps(card(architecture=None)))
            make(into / "model.onnx")

        return write

    yield "an empty file", special(Path.touch), True
    yield "a folder", special(Path.mkdir), True
    yield "a pipe that nobody writes", special(os.mkfifo), True
    yield "a link to a file outside", special(lambda path: path.symlink_to(path.parents[1] / SECRET)), True
    yield "a link to a device", special(lambda path: path.symlink_to("/dev/zero")), True
    yield "a link to itself", special(lambda path: path.symlink_to(path.name)), True
    yield "a link to nothing", special(lambda path: path.symlink_to("nothing")), True

    def sparse(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(1 << 40)

    yield "a terabyte of nothing", special(sparse), True


# safetensors


def tensors(header: Any, data: bytes = b"", *, length: int | None = None) -> Write:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return folder(
        "model.safetensors", struct.pack("<Q", (len(text) if length is None else length) % (1 << 64)) + text + data
    )


@cache
def saved() -> bytes:
    from safetensors.numpy import save

    return save(dict(state()))


def safetensors() -> Named:
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


# Pickles and torch archives


class Payload:
    """Unpickled by a careless reader, it makes the canary."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return (Path.touch, (self.path,))


def payload(protocol: int, into: Path) -> bytes:
    return pickle.dumps({"layers.0.weight": Payload(into.parent / CANARY)}, protocol=protocol)


def opcode(call: str, argument: bytes) -> bytes:
    """A pickle written by hand: a global called with one text."""
    module, name = call.split()
    return b"c" + module.encode() + b"\n" + name.encode() + b"\n(V" + argument + b"\ntR."


def pickles() -> Named:
    """Each archive holds a pickle that makes the canary in another way."""

    def archive(data: Callable[[Path], bytes], **more: bytes) -> Write:
        def write(into: Path) -> None:
            members = {"m/data.pkl": data(into), "m/version": b"3\n", "m/byteorder": b"little", **more}
            folder("model.pt", zipped(members))(into)

        return write

    def bare(data: Callable[[Path], bytes]) -> Write:
        return lambda into: folder("model.pt", data(into))(into)

    def touching(call: str, text: str) -> Callable[[Path], bytes]:
        return lambda into: opcode(call, text.format(into.parent / CANARY).encode())

    for protocol in (0, 2, 4, 5):
        yield f"a payload, protocol {protocol}", archive(lambda into, p=protocol: payload(p, into)), True
    yield "a payload without an archive", bare(lambda into: payload(2, into)), True
    for call, text in (
        ("os system", "touch {}"),
        ("posix system", "touch {}"),
        ("builtins eval", "open({!r}, 'w')"),
        ("builtins exec", "open({!r}, 'w')"),
        ("subprocess getoutput", "touch {}"),
        ("nt system", "touch {}"),
        ("runpy run_path", "{}"),
        ("torch load", "{}"),
        ("torch.hub load_state_dict_from_url", "file://{}"),
        ("pathlib Path.touch", "{}"),
        ("importlib import_module", "antigravity"),
        ("webbrowser open", "file://{}"),
    ):
        yield f"{call} in a pickle", archive(touching(call, text)), True
    script = b"def forward(self, x):\n  import os\n  return os.system('touch')\n"
    yield (
        "a TorchScript archive",
        archive(lambda into: payload(2, into), **{"m/code/__torch__.py": script, "m/constants.pkl": b"\x80\x02]."}),
        True,
    )
    legacy = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    yield "the old format of torch with a payload", bare(lambda into: legacy + payload(2, into)), True
    yield "a pickle that never ends", archive(lambda _: b"\x80\x02" + b"]" * 5_000_000 + b"."), True
    yield (
        "a pickle that doubles itself",
        archive(lambda _: b"\x80\x02" + b"]q\x00" + b"(h\x00h\x00tq\x00" * 40 + b"."),
        True,
    )
    yield "numbers of a gigabyte", archive(lambda _: b"\x80\x02\x8b" + struct.pack("<i", 1 << 30) + b"."), True


def zipped(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compression)
    return file.getvalue()


def torch_saved(make: Callable[[Any], Any]) -> Write:
    """What ``torch.save`` writes of a value that ``make`` builds from torch itself."""

    def write(into: Path) -> None:
        import torch

        with TemporaryDirectory() as work:
            torch.save(make(torch), Path(work, "m.pt"))
            folder("model.pt", Path(work, "m.pt").read_bytes())(into)

    return write


def state_dict(torch: Any, **changed: Any) -> dict[str, Any]:
    return {**{name: torch.tensor(array) for name, array in state().items()}, **changed}


def archives() -> Named:
    yield "a deflated bomb", folder("model.pt", zipped({"m/data.pkl": bytes(1 << 26)}, zipfile.ZIP_DEFLATED)), True
    yield (
        "bombs in lzma",
        folder("model.pt", zipped({f"m/{k}": bytes(1 << 24) for k in range(4)}, zipfile.ZIP_LZMA)),
        True,
    )
    yield "a member above the folder", folder("model.pt", zipped({f"../../{CANARY}": b"x", "m/data.pkl": b"."})), True
    yield "ten thousand members", folder("model.pt", zipped({f"m/{k}": b"x" for k in range(10_000)})), True
    whole = zipped({"m/data.pkl": b"\x80\x02}.", "m/version": b"3\n"})
    yield "no tensor at all", folder("model.pt", whole), True
    for cut in (1, 2, 3):
        yield f"cut at {cut}/4", folder("model.pt", whole[: len(whole) * cut // 4]), True
    lying = bytearray(whole)
    place = lying.rindex(b"PK\x01\x02") + 24
    lying[place : place + 4] = struct.pack("<I", 0xFFFFFFF0)
    yield "a size that lies", folder("model.pt", bytes(lying)), True
    for seed in range(4):
        yield f"bits turned, {seed}", folder("model.pt", flipped(whole, seed, head=len(whole))), False
    yield (
        "a stride of terabytes",
        torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.zeros(1).expand(1 << 20, 1 << 20)})),
        True,
    )
    yield (
        "two hundred views of one number",
        torch_saved(lambda t: {f"l{k}.weight": t.zeros(1).expand(4096, 4096) for k in range(200)}),
        True,
    )
    yield "a sparse tensor", torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.eye(3).to_sparse()})), True
    yield "a module instead of a state dict", torch_saved(lambda t: t.nn.Linear(2, 2)), True
    yield "names that are numbers", torch_saved(lambda t: {1: t.zeros(2), "1": t.ones(2)}), True
    yield "a list of tensors", torch_saved(lambda t: [t.zeros(2)]), True
    yield (
        "complex numbers",
        torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.zeros(3, dtype=t.complex64)})),
        True,
    )
    yield "NaN", torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.full((3,), float("nan"))})), True
    yield "a tensor of no values", torch_saved(lambda t: state_dict(t, **{"layers.4.bias": t.zeros(0)})), True


# Cards and folders


MULTIPLIED = (
    b"{name: candidate, classes: [a, b, c], input: {shape: [3, 8, 8], layout: NCHW}, training_data: t, submitter: s, "
    b"architecture: {name: n, input: [3, 8, 8], layers: [&b {kind: residual, body: [&r {kind: norm}"
    + b", *r" * 4_000 + b"]}" + b", *b" * 500 + b"]}}"
)  # fmt: skip


def cards() -> Named:
    def written(text: bytes) -> Write:
        return folder("model.onnx", good(), text)

    def changed(**fields: Any) -> Write:
        return written(json.dumps(card(**fields)).encode())

    contract = card()["input"]
    layer = {"kind": "dense", "out": 3}
    for name, text in {
        "no JSON": b"name: candidate",
        "empty": b"",
        "no text": b"\xff\xfe\x00",
        "a list": b"[]",
        "NUL": b"{\x00}",
        "a hundred thousand lists deep": b'{"name": ' + b"[" * 100_000,
        "two megabytes": b'{"name": "' + b"x" * 2_000_000 + b'"}',
        "an alias bomb": b"{a: &a [x,x], b: &b [*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b], d: [*c,*c,*c,*c,*c]}",
        "YAML that multiplies layers": MULTIPLIED,
        "a key twice": json.dumps(card()).encode()[:-1] + b', "name": "other"}',
        "a Python tag": b"{name: !!python/object/apply:os.system ['touch executed']}",
        "a number of ten thousand digits": json.dumps(card()).encode()[:-1] + b', "x": ' + b"9" * 10_000 + b"}",
    }.items():
        yield name, written(text), True
    for name, fields in {
        "an unknown key": {"approved": True},
        "a name that leaves its folder": {"name": "../../etc"},
        "a name with a line break": {"name": "a\nb"},
        "an empty name": {"name": ""},
        "one class": {"classes": ["a"]},
        "a task that does not exist": {"task": "regression"},
        "another schema": {"schema": "biasgate/card/v9"},
        "NaN for a scale": {"input": {**contract, "scale": float("nan")}},
        "an infinite scale": {"input": {**contract, "scale": float("inf")}},
        "a scale below zero": {"input": {**contract, "scale": -1}},
        "a deviation of zero": {"input": {**contract, "std": [0.0]}},
        "a deviation that is no number": {"input": {**contract, "std": [float("nan")]}},
        "too many means": {"input": {**contract, "mean": [0.0] * 9}},
        "a shape of 2^60": {"input": {**contract, "shape": [1 << 20, 1 << 20, 1 << 20]}},
        "a shape of 2^24": {"input": {**contract, "shape": [3, 4096, 4096]}},
        "an image of 64 million pixels, with an architecture to it": {
            "input": {**contract, "shape": [1, 8192, 8192]},
            "architecture": {
                "name": "x",
                "input": [1, 8192, 8192],
                "layers": [
                    {"kind": "conv", "out": 1, "kernel": 1},
                    {"kind": "pool", "how": "global"},
                    {"kind": "flatten"},
                    layer,
                ],
            },
        },
        "a submitter of spaces": {"submitter": "   "},
        "the same class twice": {"classes": ["a", "a", "a"]},
        "no axes": {"input": {**contract, "shape": []}},
        "rows for an image": {"input": {**contract, "layout": "rows"}},
        "a layer of 2^40 clusters": {
            "architecture": {
                "name": "x",
                "input": [3, 8, 8],
                "layers": [{"kind": "flatten"}, {**layer, "out": 1 << 40}],
            }
        },
        "twenty-seven thousand layers": {
            "architecture": {
                "name": "x",
                "input": [3, 8, 8],
                "layers": [{"kind": "residual", "body": [{"kind": "relu"}] * 90}] * 300,
            }
        },
        "no layer": {"architecture": {"name": "x", "input": [3, 8, 8], "layers": []}},
        "a layer of another kind": {
            "architecture": {"name": "x", "input": [3, 8, 8], "layers": [{"kind": "python", "code": "1"}]}
        },
    }.items():
        yield name, changed(**fields), True
    yield (
        "blocks five thousand deep",
        written(json.dumps(card()).encode().replace(b'{"kind": "relu"}', deep(5_000))),
        True,
    )
    for name, fields in {
        "ten thousand classes": {"classes": [str(k) for k in range(10_000)]},
        "escape codes": {"description": "\x1b[2J"},
        "half a surrogate": {"submitter": "\ud800"},
        "markup": {"description": "<script>alert(1)</script>"},
        "an architecture of another network": {
            "architecture": {"name": "x", "input": [3, 8, 8], "layers": [{"kind": "flatten"}, layer]}
        },
    }.items():
        yield name, changed(**fields), False

    def linked(into: Path) -> None:
        graph(good())(into)
        (into / "card.json").rename(into.parent / "card-elsewhere.json")
        (into / "card.json").symlink_to(into.parent / "card-elsewhere.json")

    yield "a link", linked, True


def deep(levels: int) -> bytes:
    """Residual blocks within residual blocks."""
    return b'{"kind": "residual", "body": [' * levels + b'{"kind": "relu"}' + b"]}" * levels


MLMODEL = """
flavors:
  python_function: {{loader_module: evil, code: code, data: ., env: conda.yaml, python_model: python_model.pkl}}
  sklearn: {{pickled_model: model.pkl, serialization_format: cloudpickle}}
  pytorch: {{model_data: data, code: null}}
metadata: !!python/object/apply:pathlib.Path.touch [!!python/object/apply:pathlib.Path [{0}]]
"""


def packages() -> Named:
    def beside(forbidden: bool, *names: str, make: Callable[[Path], object] | None = None) -> tuple[Write, bool]:
        def write(into: Path) -> None:
            graph(good())(into)
            for name in names:
                (into / name).parent.mkdir(parents=True, exist_ok=True)
                if make:
                    make(into / name)
                else:
                    (into / name).write_bytes(payload(2, into))

        return write, forbidden

    def mlmodel(path: Path) -> None:
        path.write_text(MLMODEL.format(path.parents[1] / CANARY))

    for name, (write, forbidden) in {
        "a pickle of sklearn": beside(True, "model.pkl"),
        "a pickle of pyfunc": beside(True, "python_model.pkl"),
        "a module": beside(True, "evil.py"),
        "a folder of code": beside(True, "code/evil.py"),
        "torch's data folder": beside(True, "data/model.pth"),
        "a compiled module": beside(True, "__pycache__/card.pyc"),
        "a hidden file": beside(True, ".pth"),
        "a second model": beside(True, "model.pt"),
        "a model in capitals": beside(True, "MODEL.ONNX"),
        "an example that is a pickle": beside(False, "input_example.json"),
        "MLflow's file with a loader and a tag": beside(False, "MLmodel", make=mlmodel),
        "MLflow's file as a pickle": beside(False, "MLmodel"),
        "an environment": beside(False, "conda.yaml", "requirements.txt"),
        "MLflow's file as a link": beside(False, "MLmodel", make=lambda path: path.symlink_to("/dev/zero")),
    }.items():
        yield name, write, forbidden
    yield "nothing", lambda into: into, True
    yield "only a card", lambda into: (into / "card.json").write_text(json.dumps(card())), True
    yield "only a model", lambda into: (into / "model.onnx").write_bytes(good()), True
