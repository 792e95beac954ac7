"""An ONNX graph as a torch network; importing this module imports torch.

Each node is computed by its operator's entry (``models.operators``), and what the graph stores as weights are the
network's parameters. ``graph_reading`` makes one of a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Generator, Tensor, nn

from biasgate.errors import CandidateError
from biasgate.models.onnx.stored import stored_tensors
from biasgate.models.operator import Node, Operator
from biasgate.models.torch_network import TorchNetwork

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
