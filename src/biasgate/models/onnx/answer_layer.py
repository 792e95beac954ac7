"""A linear layer put behind a graph's answer, whatever comes before it; importing this module imports onnx."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper

from biasgate.models.onnx.edits import answer_only
from biasgate.models.onnx.ports import Port

PREFIX = "biasgate.answer"
LEAST = 1e-7
"""Smallest probability whose logarithm is taken."""


def with_answer_layer(model: onnx.ModelProto, answer: Port, *, classes: int, probabilities: bool) -> onnx.ModelProto:
    """The same graph, its answer through logarithms, a Gemm that changes nothing, and a softmax where there was one.

    A model of two classes that gives one number gives two afterwards; the label that some exporters give beside the
    probabilities is left out, for it would not follow.

    Args:
        model: Any graph.
        answer: Its output that is the model's answer.
        classes: Number of classes.
        probabilities: Whether the answer is probabilities, else logits.
    """
    edited = answer_only(model, answer, classes=classes)
    graph, name = edited.graph, edited.graph.output[0].name
    for node in graph.node:
        node.output[:] = [f"{PREFIX}.before" if given == name else given for given in node.output]
        node.input[:] = [f"{PREFIX}.before" if taken == name else taken for taken in node.input]
    numbers = {
        "columns": np.array([-1, 1 if classes == 2 and _single(answer) else classes], np.int64),
        "one": np.ones(1, np.float32),
        "zero": np.zeros(1, np.float32),
        "least": np.array(LEAST, np.float32),
        "weight": np.eye(classes, dtype=np.float32),
        "bias": np.zeros(classes, np.float32),
    }

    def add(operator: str, inputs: list[str], output: str, **attributes: Any) -> None:
        taken = [f"{PREFIX}.{value}" if value in numbers or value in made else value for value in inputs]
        graph.node.append(
            helper.make_node(operator, taken, [output if output == name else f"{PREFIX}.{output}"], **attributes)
        )
        made.add(output)

    made = {"before"}
    add("Cast", ["before"], "float", to=onnx.TensorProto.FLOAT)
    add("Reshape", ["float", "columns"], "rows")
    if classes == 2 and _single(answer):
        add("Sub" if probabilities else "Mul", ["one", "rows"] if probabilities else ["zero", "rows"], "other")
        add("Concat", ["other", "rows"], "both", axis=1)
    else:
        add("Identity", ["rows"], "both")
    if probabilities:
        add("Max", ["both", "least"], "positive")
        add("Log", ["positive"], "logits")
        add("Gemm", ["logits", "weight", "bias"], "refitted", transB=1)
        add("Softmax", ["refitted"], name, axis=1)
    else:
        add("Gemm", ["both", "weight", "bias"], name, transB=1)
    graph.initializer.extend(numpy_helper.from_array(array, f"{PREFIX}.{key}") for key, array in numbers.items())
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["batch", classes]))
    return edited


def _single(answer: Port) -> bool:
    return answer.shape is not None and (len(answer.shape) < 2 or answer.shape[1] == 1)
