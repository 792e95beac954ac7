"""Whether a graph is the layers that are read from it and nothing else; importing this module imports onnx.

A reading of weights says something about a model only if those weights are what its outputs come from. To run the graph
on samples would show that for those samples, and a graph can tell samples from others. So every operator is accounted
for: one line from the input to the output, on which each node takes the value of the one before it and stored tensors.
What such a line computes is known for all inputs, and nothing is run.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np
import onnx
from onnx import helper, numpy_helper

from biasgate.models.onnx.reader import OnnxReader

FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE, onnx.TensorProto.BFLOAT16)
SIZES = {"Cast", "Concat", "Gather", "Mul", "ReduceProd", "Shape", "Slice", "Squeeze", "Unsqueeze"}
"""Operators that compute the size a Reshape gives."""
LETTERS = {
    "Conv": "c", "BatchNormalization": "b", "Gemm": "d", "MatMul": "d", "Relu": "r", "MaxPool": "p", "AveragePool": "p",
    "GlobalAveragePool": "p", "Flatten": "f", "Reshape": "f", "Squeeze": "f", "Softmax": "s", "LogSoftmax": "s",
    "Sigmoid": "s", "Add": "a", "Sub": "n", "Mul": "n", "Div": "n", "Cast": "", "Dropout": "", "Identity": "",
}  # fmt: skip
"""Operators of a plain chain; those with an empty letter leave values as they are."""
TURNS = {(0, 3, 1, 2): "T", (0, 2, 3, 1): "t"}
"""Channels put first, and last."""
PLAIN = re.compile(r"[an]*(T[an]*)?((cb?p*rp*)+t?f)?(da?r)*da?s?")
"""Input that is normalised, convolutions and dense layers with one rectifier between each two, pools, a softmax."""
GAIN, RATIO = (1 / 300, 16.0), 1.25
"""Factors of the input's channels, and how often the largest of them holds the smallest: for photographs, people take
1/255 to 4.5, and 1.02."""
SHIFT, SPREAD = 5.0, 1.0
"""What is added to the input's channels, and how far it differs: for photographs 2.2, and .32."""


class Beside(Exception):
    """What a graph does beside its layers, in words."""


def unexplained(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto], reader: OnnxReader) -> str:
    """Why the outputs may come from more than the layers that were read, or from less; empty where they do not.

    Args:
        graph: As the file has it.
        nodes: Those that its outputs depend on, in order.
        reader: After it has read them all.
    """
    try:
        check_names(graph)
        line = list(_line(graph, nodes, reader))
        word = "".join(letter(node, reader) for node in line)
        if not PLAIN.fullmatch(word):
            raise Beside(f"{', '.join(node.op_type for node in line)[:200]} are no layers with rectifiers between")
        check_input(line, reader)
        _check_turned(word, reader)
    except Beside as beside:
        return str(beside)
    return ""


def check_names(graph: onnx.GraphProto) -> None:
    """Each value is given once: what is stored under a name twice may be read as one and run as the other."""
    names = Counter(tensor.name for tensor in graph.initializer)
    names.update(name for node in graph.node for name in node.output if name)
    twice = [name for name, times in names.items() if times > 1]
    if twice:
        raise Beside(f"{twice[0][:80]!r} is given {names[twice[0]]} times")


def _line(graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto], reader: OnnxReader) -> Iterator[onnx.NodeProto]:
    """The nodes that samples pass through, from the one input to the one output."""
    inputs = [value.name for value in graph.input if value.name not in reader.constants]
    if len(inputs) != 1 or len(graph.output) != 1:
        raise Beside(f"the graph has {len(inputs)} inputs and {len(graph.output)} outputs")
    reached, known = inputs[0], set(reader.constants)
    passed = {reached}
    for node in nodes:
        taken = [name for name in node.input if name]
        measures = node.op_type == "Shape" and passed.issuperset(taken)
        if measures or node.op_type == "Constant" or (node.op_type in SIZES and known.issuperset(taken)):
            known.update(node.output)
        elif not known.issuperset(node.output):
            if taken.count(reached) != 1 or not known.issuperset(set(taken) - {reached}):
                raise Beside(f"{called(node)} takes more than the value before it and stored tensors")
            reached = node.output[0]
            passed.add(reached)
            yield node
    if reached != graph.output[0].name:
        raise Beside("the output is not what the last layer gives")


def letter(node: onnx.NodeProto, reader: OnnxReader) -> str:
    """The letter of a node that does what its operator does in a plain chain."""
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    found = LETTERS.get(node.op_type)
    match node.op_type:
        case "Transpose":
            found, fits = TURNS.get(tuple(attributes.get("perm", ()))), True
        case "Cast":
            fits = attributes.get("to") in FLOATS
        case "Flatten":
            fits = attributes.get("axis", 1) == 1
        case "Softmax" | "LogSoftmax":
            fits = attributes.get("axis", -1) in (1, -1)
        case "Dropout":
            fits = len([name for name in node.input if name]) < 3
        case "Add" | "Mul" | "Relu":
            fits = True
        case _:
            fits = bool(node.input) and node.input[0] not in reader.constants
    if found is None or not fits:
        raise Beside(f"{called(node)} is no part of a chain of layers")
    return found


def check_input(line: Sequence[onnx.NodeProto], reader: OnnxReader) -> None:
    """Before the first layer all channels are scaled and moved alike, or a reading of colours means little."""
    gain, shift = np.ones(1), np.zeros(1)
    with np.errstate(all="ignore"):
        for node in takewhile(lambda node: node.op_type not in ("Conv", "Gemm", "MatMul"), line):
            match node.op_type:
                case "Add" | "Sub":
                    added = _per_channel(node, reader)
                    shift = shift + (added if node.op_type == "Add" else -added)
                case "Mul" | "Div":
                    factor = _per_channel(node, reader) ** (1 if node.op_type == "Mul" else -1)
                    gain, shift = gain * factor, shift * factor
                case _:
                    pass
        scaled = GAIN[0] <= gain.min() and gain.max() <= min(GAIN[1], RATIO * gain.min())
    if not (scaled and np.abs(shift).max() <= SHIFT and np.ptp(shift) <= SPREAD):
        raise Beside("it scales or moves the channels of its input as no normalisation of images does")


def _per_channel(node: onnx.NodeProto, reader: OnnxReader) -> np.ndarray:
    """The stored number, or numbers one a channel, that a node scales or moves its input by."""
    (name,) = [name for name in node.input if name in reader.constants]
    array = numpy_helper.to_array(reader.constants[name]).astype(np.float64)
    if array.size not in (1, 3) or max(array.shape, default=1) != array.size:
        raise Beside(f"{called(node)} changes more of the input than its channels")
    return array.reshape(-1)


def _check_turned(word: str, reader: OnnxReader) -> None:
    """Channels are put last before a dense layer only where each is one pixel: the order is then the same."""
    layers, dense = list(reader.layers.values()), word.partition("t")[0].count("c")
    if "t" in word and layers[dense].weight.shape[1] != len(layers[dense - 1].bias):
        raise Beside("a dense layer takes the image with its channels last")


def called(node: onnx.NodeProto) -> str:
    """A node by its name and operator."""
    return f"node {node.name[:80]!r} ({node.op_type[:80]!r})"
