"""A torch network out of any ONNX graph whose operators are known; importing this module imports torch.

A graph says what is computed, so that nothing of its model has to be declared to have gradients: each node is computed
by its operator's entry (``models.operators``), and what it stores as weights are the network's parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from onnx import helper, numpy_helper
from torch import Generator, Tensor, nn

from biasgate.errors import CandidateError
from biasgate.models.answers import answer
from biasgate.models.card import CandidateCard
from biasgate.models.onnx.functions import inlined
from biasgate.models.onnx.head import needed
from biasgate.models.onnx.ports import Port, inputs_of, listed, outputs_of
from biasgate.models.onnx.stored import stored_tensors
from biasgate.models.operator import Node, Operator, kind_of, operators
from biasgate.models.operators.values import tensor_of
from biasgate.models.torch_network import TorchNetwork

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
SMALLEST = 1e-12
"""Smallest probability that a logit is told of."""


@dataclass(frozen=True, eq=False)
class Step:
    """One node.

    Attributes:
        operator: How it is computed.
        node: What it says.
        takes: Names of its inputs; empty for one that is left out.
        gives: Names of its outputs.
        done: Values that nothing after it takes.
    """

    operator: Operator
    node: Node
    takes: tuple[str, ...]
    gives: tuple[str, ...]
    done: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Entry:
    """One input of a graph.

    Attributes:
        name: Its name.
        kind: Type of its values, as torch spells it.
        part: Which features of a row it takes; None for all of a sample.
        flat: Whether it takes one number a sample on no axis of its own.
    """

    name: str
    kind: str
    part: slice | None
    flat: bool

    def of(self, x: Tensor) -> Tensor:
        """What it takes of samples."""
        taken = x if self.part is None else x[:, self.part]
        return (taken[:, 0] if self.flat else taken).to(getattr(torch, self.kind))


@dataclass(frozen=True)
class Head:
    """A linear last layer.

    Attributes:
        features: Name of the value that it takes.
        weight: Name of its stored weight.
        bias: Name of its stored bias.
        rows: Whether the weight is stored as ``[classes, features]``.
    """

    features: str
    weight: str
    bias: str
    rows: bool


@dataclass(frozen=True, eq=False)
class Program:
    """A graph without its numbers; it never changes, and copies of a network share it.

    Attributes:
        steps: In their order.
        inputs: What samples are given to.
        batch: Samples that the graph takes at once, where it fixes them.
        learned: The name of each parameter's stored tensor.
        answer: Name of the output that is the model's answer.
        logits: Name of the value that logits are read from; the answer itself where that is no softmax of another.
        probabilities: Whether that value is probabilities.
        multilabel: Whether each class is a question of its own.
        classes: How many there are.
        head: The last layer, if that is linear.
        early: Name of the first activations.
        rounds: Whether it computes in half precision or eight bits.
        where: The candidate, named in errors.
    """

    steps: tuple[Step, ...]
    inputs: tuple[Entry, ...]
    batch: int | None
    learned: tuple[str, ...]
    answer: str
    logits: str
    probabilities: bool
    multilabel: bool
    classes: int
    head: Head | None
    early: str
    rounds: bool
    where: str

    def __deepcopy__(self, memo: dict[int, Any]) -> Program:
        return self


class GraphNetwork(TorchNetwork):
    """The graph, samples as the card's contract gives them to logits ``[n, classes]``.

    Attributes:
        program: What is computed.
        weights: The parameters, in the order of ``program.learned``.
    """

    def __init__(self, program: Program, stored: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.program = program
        self.weights = nn.ParameterList(nn.Parameter(stored[name]) for name in program.learned)
        self.constants = {name: value for name, value in stored.items() if name not in set(program.learned)}

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, classes]``; a model of two classes that gives one number gives that of the second."""
        given = self._value(self.program.logits, x)
        given = given.reshape(len(given), -1)
        single = given.shape[1] < self.program.classes
        if not self.program.probabilities:
            return torch.cat([given * 0, given], dim=1) if single else given
        if self.program.multilabel:
            return given.logit(eps=SMALLEST)
        return (torch.cat([1 - given, given], dim=1) if single else given).clamp(min=SMALLEST).log()

    def answer(self, x: Tensor) -> Tensor:
        """The model's own answer ``[n, numbers]``."""
        given = self._value(self.program.answer, x)
        return given.reshape(len(given), -1)

    def features(self, x: Tensor) -> Tensor:
        """What reaches the last layer, ``[n, features]``.

        Raises:
            CandidateError: The last layer is not linear.
        """
        return self._value(self._head.features, x)

    def early(self, x: Tensor) -> Tensor:
        """What the first layer gives, activated where an activation follows closely."""
        return self._value(self.program.early, x)

    def head(self) -> tuple[Tensor, Tensor]:
        """Of the last layer; where a model gives one number of two, the other class has zeros."""
        weight, bias = (parameter.detach().clone() for parameter in self.head_parameters())
        weight = weight if self._head.rows else weight.T
        if len(weight) < self.program.classes:
            weight, bias = (torch.cat([value * 0, value]) for value in (weight, bias.reshape(-1)))
        return weight, bias.reshape(-1)

    def set_head(self, weight: Tensor, bias: Tensor) -> None:
        """Of the last layer; of two classes that give one number the difference."""
        old = self.head_parameters()
        if old[1].numel() < self.program.classes:
            weight, bias = weight[1:] - weight[:1], bias[1:] - bias[:1]
        with torch.no_grad():
            old[0].copy_(weight if self._head.rows else weight.T)
            old[1].copy_(bias.reshape(old[1].shape))

    def head_parameters(self) -> list[nn.Parameter]:
        """Weight and bias, as the graph stores them."""
        places = [self.program.learned.index(name) for name in (self._head.weight, self._head.bias)]
        return [self.weights[place] for place in places]

    def redraw(self, *, seed: int) -> None:
        """Gives each parameter its own numbers in a random order: as large as before, and nothing learned."""
        generator = Generator().manual_seed(seed)
        with torch.no_grad():
            for weight in self.weights:
                weight.copy_(weight.reshape(-1)[torch.randperm(weight.numel(), generator=generator)].view_as(weight))

    @property
    def _head(self) -> Head:
        if self.program.head is None:
            raise CandidateError(
                "the graph does not end in a linear layer with stored weight and bias",
                where=self.program.where,
                fix="use a method that trains the whole network",
            )
        return self.program.head

    def _value(self, wanted: str, x: Tensor) -> Tensor:
        """A value of the graph for samples, run at as many a time as it takes."""
        batch = self.program.batch
        if batch is None:
            return self._run(wanted, x)
        rows = torch.arange(-(-len(x) // batch) * batch) % len(x)
        return torch.cat([self._run(wanted, x[part]) for part in rows.split(batch)])[: len(x)]

    def _run(self, wanted: str, x: Tensor) -> Tensor:
        values: dict[str, Tensor | None] = {"": None, **self.constants}
        values.update(zip(self.program.learned, self.weights, strict=True))
        values.update((entry.name, entry.of(x)) for entry in self.program.inputs)
        for step in self.program.steps:
            given = self._computed(step, values)
            values.update(zip(step.gives, given, strict=False))
            if wanted in step.gives:
                break
            for name in step.done:
                del values[name]
        found = values[wanted]
        assert found is not None
        return found

    def _computed(self, step: Step, values: Mapping[str, Tensor | None]) -> tuple[Tensor, ...]:
        try:
            given = step.operator.compute(step.node, *(values[name] for name in step.takes))
        except Exception as error:  # what torch raises on numbers that its operator does not expect
            said = " ".join(str(error).split())[:200]
            raise CandidateError(f"its operator {step.node.kind} fails: {said}", where=self.program.where) from None
        return given if isinstance(given, tuple) else (given,)


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


_TYPES = {
    "float32": "float32", "float64": "float32", "float16": "float32", "int64": "int64", "int32": "int32",
    "int16": "int16", "int8": "int8", "uint8": "uint8", "bool": "bool",
}  # fmt: skip
"""Types of inputs, and what they are here."""


def with_weights(model: onnx.ModelProto, network: GraphNetwork) -> onnx.ModelProto:
    """The same graph with the network's parameters where it stores its weights; all that did not change stays as it is.

    A tensor keeps its type: what half precision cannot hold is rounded.
    """
    edited = onnx.ModelProto()
    edited.CopyFrom(model)
    stored = stored_tensors(edited)
    for name, weight in zip(network.program.learned, network.weights, strict=True):
        old = numpy_helper.to_array(stored[name])
        new = weight.detach().numpy().astype(old.dtype)
        if not np.array_equal(old, new):
            stored[name].CopyFrom(numpy_helper.from_array(np.ascontiguousarray(new), stored[name].name))
    return edited


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
