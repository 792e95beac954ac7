"""Reads a graph into a torch network, if all of its operators are known; importing this module imports torch.

A graph says what is computed, so that nothing of its model has to be declared to have gradients.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnx
from onnx import helper
from torch import Tensor

from biasgate.errors import CandidateError
from biasgate.models.answers import answer
from biasgate.models.card import CandidateCard
from biasgate.models.graph_network import Entry, GraphNetwork, Head, Program, Step
from biasgate.models.onnx.functions import inlined
from biasgate.models.onnx.head import needed
from biasgate.models.onnx.ports import Port, inputs_of, listed, outputs_of
from biasgate.models.onnx.stored import stored_tensors
from biasgate.models.operator import Node, Operator, kind_of, operators
from biasgate.models.operators.values import tensor_of

PASSING = {"Cast", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
"""Operators through which a stored tensor is still a weight of what takes it."""
BENDS = {"Clip", "Elu", "Gelu", "com.microsoft.Gelu", "HardSwish", "LeakyRelu", "Mish", "PRelu", "Relu", "Selu", "Tanh"}
"""Activations, as they follow a layer."""
HEADS = {"Gemm", "MatMul"}
LAYERS = {"Conv", "Gemm", "MatMul"}
SAME = {"Cast", "Identity"}
"""Operators that leave an answer as it is: all floats are alike here."""
CLOSE = 4
"""Steps after which an activation belongs to the first layer: a bias or a normalisation may lie between."""
_TYPES = {
    "float32": "float32", "float64": "float32", "float16": "float32", "int64": "int64", "int32": "int32",
    "int16": "int16", "int8": "int8", "uint8": "uint8", "bool": "bool",
}  # fmt: skip
"""Types of inputs, and what they are here."""


def graph_network(
    model: onnx.ModelProto, card: CandidateCard, *, parts: Mapping[str, slice] | None = None
) -> GraphNetwork:
    """The network of a graph.

    Args:
        model: Parsed, not run.
        card: What goes in and comes out.
        parts: Which features of a row each input takes, by its name; for a graph with several inputs.

    Raises:
        CandidateError: An operator, a type of its tensors or of its inputs is not known here; names it.
    """
    where = card.name
    model = inlined(model, where=where)
    port = answer(outputs_of(model), card)
    nodes = needed(model.graph.node, [port.name])
    known = operators()
    if unknown := [node for node in nodes if kind_of(node.domain, node.op_type) not in known]:
        raise CandidateError(
            f"gradients do not pass through its operator {kind_of(unknown[0].domain, unknown[0].op_type)[:80]!r}",
            where=where,
            fix="use what needs no gradients: a repair of the last layer, or none",
        )
    try:
        stored = {name: tensor_of(tensor, where=where) for name, tensor in stored_tensors(model).items()}
    except ValueError as error:
        raise CandidateError(str(error), where=where) from None
    ports = inputs_of(model)
    steps = _steps(nodes, {opset.domain: opset.version for opset in model.opset_import}, known, kept=port.name)
    if not steps:
        raise CandidateError("its answer is stored, not computed", where=where, fix="export the model again")
    logits, ended = _logits(nodes, port, card)
    program = Program(
        steps=steps,
        inputs=_entries(ports, parts or {}, where=where),
        batch=next((one.shape[0] for one in ports if one.shape and one.shape[0] is not None), None),
        learned=_learned(steps, stored),
        answer=port.name,
        logits=logits,
        probabilities=not ended and card.output == "probabilities",
        multilabel=card.task == "multilabel",
        classes=len(card.classes),
        head=_head(nodes, logits, stored),
        early=_early(steps),
        rounds=_rounds(model),
        where=where,
    )
    return GraphNetwork(program, stored)


def _entries(ports: Sequence[Port], parts: Mapping[str, slice], *, where: str) -> tuple[Entry, ...]:
    """What samples are given to: all of each to a graph's only input, columns by their names to several."""
    if unread := [port for port in ports if port.kind not in _TYPES]:
        raise CandidateError(f"gradients do not pass through its input {unread[0]}", where=where)
    if len(ports) == 1 and (ports[0].name not in parts or len(parts) > 1):
        return (Entry(ports[0].name, _TYPES[ports[0].kind], None, flat=False),)
    if missing := [port for port in ports if port.name not in parts]:
        raise CandidateError(
            f"it takes {listed(ports)}; the data has no column for {listed(missing)}",
            where=where,
            fix="name the inputs as the data's columns",
        )
    return tuple(
        Entry(port.name, _TYPES[port.kind], parts[port.name], flat=port.shape is not None and len(port.shape) == 1)
        for port in ports
    )


def _steps(
    nodes: Sequence[onnx.NodeProto], opsets: Mapping[str, int], known: Mapping[str, Operator], *, kept: str
) -> tuple[Step, ...]:
    """One a node, stored constants left out."""
    computed = [node for node in nodes if not _stores(node)]
    made = {name for node in computed for name in node.output if name} - {kept}
    last = {name: place for place, node in enumerate(computed) for name in node.input if name in made}
    found: list[Step] = []
    for place, node in enumerate(computed):
        kind = kind_of(node.domain, node.op_type)
        said = Node(kind, _attributes(node), opsets.get(node.domain, 1), sum(bool(name) for name in node.output))
        done = tuple(name for name in dict.fromkeys(node.input) if last.get(name) == place)
        found.append(Step(known[kind], said, tuple(node.input), tuple(node.output), done))
    return tuple(found)


def _stores(node: onnx.NodeProto) -> bool:
    return node.op_type == "Constant" and any(attribute.name == "value" for attribute in node.attribute)


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    found = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return {
        name: value.decode(errors="replace") if isinstance(value, bytes) else value for name, value in found.items()
    }


def _learned(steps: Sequence[Step], stored: Mapping[str, Tensor]) -> tuple[str, ...]:
    """Stored floats that an operator takes as a weight, in the order in which they are taken."""
    origin = {name: name for name, tensor in stored.items() if tensor.is_floating_point() and tensor.ndim}
    found: dict[str, None] = {}
    for step in steps:
        for place, name in enumerate(step.takes):
            if name in origin and place in step.operator.learns:
                found[origin[name]] = None
        if step.node.kind in PASSING and step.takes[0] in origin:
            origin[step.gives[0]] = origin[step.takes[0]]
    return tuple(found)


def _logits(nodes: Sequence[onnx.NodeProto], port: Port, card: CandidateCard) -> tuple[str, bool]:
    """The value before the softmax that the answer is, or before the sigmoid of a question, and that it is one.

    Where the answer is neither, it is that value itself.
    """
    makers = {name: node for node in nodes for name in node.output}
    single = card.task == "multilabel" or (port.shape is not None and port.shape[1:] in ((), (1,)))
    ends = {"Softmax", "LogSoftmax"} | ({"Sigmoid"} if single else set[str]())
    name, ended = port.name, False
    while not ended and (node := makers.get(name)) is not None and node.op_type in ends | SAME:
        name, ended = node.input[0], node.op_type in ends
    while (node := makers.get(name)) is not None and node.op_type in SAME:
        name = node.input[0]
    return name, ended


def _head(nodes: Sequence[onnx.NodeProto], logits: str, stored: Mapping[str, Tensor]) -> Head | None:
    """The linear layer that gives the logits: a Gemm, or a MatMul and an Add."""
    makers = {name: node for node in nodes for name in node.output}
    node = makers.get(logits)
    bias = ""
    if node is not None and node.op_type == "Add":
        bias = next((name for name in node.input if name in stored), "")
        node = next((makers[name] for name in node.input if name in makers and name not in stored), None)
    elif node is not None and node.op_type == "Gemm":
        bias = node.input[2] if len(node.input) > 2 else ""
    if node is None or node.op_type not in HEADS or not {node.input[1], bias} <= stored.keys():
        return None
    said = _attributes(node)
    plain = not said.get("transA", 0) and said.get("alpha", 1.0) == said.get("beta", 1.0) == 1.0
    whole = stored[node.input[1]].ndim == 2
    return Head(node.input[0], node.input[1], bias, rows=bool(said.get("transB", 0))) if plain and whole else None


def _early(steps: Sequence[Step]) -> str:
    """What the first convolution or dense layer gives, activated where an activation follows it closely."""
    first = next((place for place, step in enumerate(steps) if step.node.kind in LAYERS), 0)
    near = steps[first : first + CLOSE]
    return next((step.gives[0] for step in near if step.node.kind in BENDS), steps[first].gives[0])


def _rounds(model: onnx.ModelProto) -> bool:
    halves = {onnx.TensorProto.FLOAT16, onnx.TensorProto.BFLOAT16}
    return any(tensor.data_type in halves for tensor in model.graph.initializer) or any(
        node.op_type == "QuantizeLinear" for node in model.graph.node
    )
