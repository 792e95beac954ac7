"""Small edits of exported graphs: one input a column, one output; importing this module imports onnx."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import onnx
from onnx import TensorProto, helper

from biasgate.models.onnx.ports import Port

FEATURES = "biasgate.features"


def by_columns(model: onnx.ModelProto, columns: Sequence[str]) -> onnx.ModelProto:
    """The same graph with an input ``[batch, 1]`` for each column in the place of its only one ``[batch, columns]``."""
    edited = onnx.ModelProto()
    edited.CopyFrom(model)
    graph = edited.graph
    taken = graph.input[0].name
    for node in graph.node:
        node.input[:] = [FEATURES if name == taken else name for name in node.input]
    del graph.input[:]
    graph.input.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", 1]) for name in columns)
    graph.node.insert(0, helper.make_node("Concat", list(columns), [FEATURES], axis=1))
    return edited


def with_inputs(model: onnx.ModelProto, names: Iterable[str]) -> onnx.ModelProto:
    """The same graph with its inputs called so, in their order, whatever an exporter makes of blanks and signs."""
    edited = onnx.ModelProto()
    edited.CopyFrom(model)
    called = {value.name: name for value, name in zip(edited.graph.input, names, strict=True)}
    for node in edited.graph.node:
        node.input[:] = [called.get(name, name) for name in node.input]
    for value in edited.graph.input:
        value.name = called[value.name]
    return edited


def answer_only(model: onnx.ModelProto, answer: Port, *, classes: int) -> onnx.ModelProto:
    """The same graph with one output: the answer, as a tensor where ZipMap makes dictionaries of it."""
    edited = onnx.ModelProto()
    edited.CopyFrom(model)
    graph = edited.graph
    zipped = next((node for node in graph.node if node.op_type == "ZipMap" and node.output[0] == answer.name), None)
    kept = next(value for value in graph.output if value.name == answer.name)
    if zipped is not None:
        kept = helper.make_tensor_value_info(zipped.input[0], TensorProto.FLOAT, ["batch", classes])
        graph.node.remove(zipped)
    del graph.output[:]
    graph.output.append(kept)
    return edited


def trees_in_single(model: onnx.ModelProto) -> None:
    """Lets the trees of a graph in double precision compare in single precision, in place, as most are trained."""
    for place, node in reversed(list(enumerate(model.graph.node))):
        if node.op_type == "TreeEnsembleClassifier":
            single = f"{node.input[0]}.single"
            cast = helper.make_node("Cast", [node.input[0]], [single], to=TensorProto.FLOAT)
            node.input[0] = single
            model.graph.node.insert(place, cast)


def with_inferred_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same graph with the types of its outputs as its operators give them, whatever the exporter says."""
    bare = onnx.ModelProto()
    bare.CopyFrom(model)
    for value in bare.graph.output:
        value.type.Clear()
    return onnx.shape_inference.infer_shapes(bare)


def loads(model: onnx.ModelProto) -> bool:
    """Whether ONNX Runtime has all the operators of a graph, in its types."""
    import onnxruntime as ort

    try:
        ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    except Exception:
        return False
    return True
