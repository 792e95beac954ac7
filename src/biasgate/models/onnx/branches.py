"""What each layer of a graph takes where branches are summed, as in residual blocks; this module imports onnx.

As in ``plain``, nothing is run, and every operator is accounted for: between layers there are rectifiers, pools and
sums of two branches, and a vector meets dense layers alone. Whatever else joins or changes values is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from biasgate.models.flow import SAMPLE, Flow, Wiring, in_a_row
from biasgate.models.onnx.plain import Beside, called, check_input, check_names, letter, unexplained
from biasgate.models.onnx.reader import OnnxReader
from biasgate.models.onnx.sizes import sums, unseen

ON_IMAGES, ON_VECTORS = {"BatchNormalization", "Conv"}, {"Gemm", "MatMul"}
"""Operators of layers."""
ALIKE = {"Cast", "Dropout", "Identity"}
"""Operators that leave values as they are."""
INPUT = "Add", "Sub", "Mul", "Div"
"""Operators that normalise a sample before its first layer."""
POOLS = {"AveragePool", "GlobalAveragePool", "MaxPool"}
ENDS = {"Softmax", "LogSoftmax", "Sigmoid"}
FLATTENS = {"Flatten", "Reshape", "Squeeze"}
ANSWER = Flow((), "answer")
"""What an operator that ends a network gives: nothing comes after it."""
MOST_SUMMED = 256
"""Most outputs of layers in one sum: a sum may be summed again, and twice as large each time."""


def accounted(model: onnx.ModelProto, nodes: Sequence[onnx.NodeProto], reader: OnnxReader) -> tuple[Wiring, str]:
    """What each layer takes, and why the outputs may come from more than the layers, or from less.

    The first is empty where layers lie in a row or that is not known, the second where there is no such reason.

    Args:
        model: As the file has it.
        nodes: Those that its outputs depend on, in order.
        reader: After it has read them all.
    """
    wiring: Wiring = ()
    if reason := unexplained(model.graph, nodes, reader):
        try:
            check_names(model.graph)
            wiring = _Walk(model.graph, reader).wiring(model.graph, nodes)
        except Beside as beside:
            return (), str(beside) if any(sums(node, reader) for node in nodes) else reason
        if in_a_row(wiring):
            return (), reason
    reason = unseen(model, nodes, reader)
    return (() if reason else wiring), reason


class _Walk:
    """The values that have been reached so far, and which of them are vectors."""

    def __init__(self, graph: onnx.GraphProto, reader: OnnxReader) -> None:
        self.reader = reader
        self.values = {value.name: SAMPLE for value in graph.input if value.name not in reader.constants}
        self.vectors: set[str] = set()
        self.last = Flow.of(len(reader.layers) - 1)

    def wiring(self, graph: onnx.GraphProto, nodes: Sequence[onnx.NodeProto]) -> Wiring:
        """What each layer takes, in the order in which they were read."""
        if len(self.values) != 1 or len(graph.output) != 1:
            raise Beside("the graph has several inputs or outputs")
        places = {name: place for place, name in enumerate(self.reader.layers)}
        found: dict[int, Flow] = {}
        passed = [node for node in nodes if node.output[0] not in self.reader.constants]
        for node in passed:
            value = self._given(node)
            if (place := places.get(node.output[0])) is not None:
                found[place], value = value, Flow.of(place)
            self.values[node.output[0]] = value
        if len(found) < len(places) or self.values.get(graph.output[0].name) not in (self.last, ANSWER):
            raise Beside("the output is not what the last layer gives")
        check_input(passed, self.reader)
        return tuple(found[place] for place in range(len(places)))

    def _given(self, node: onnx.NodeProto) -> Flow:
        taken = [name for name in node.input if name in self.values]
        if not all(name in self.values or name in self.reader.constants for name in node.input if name):
            raise Beside(f"{called(node)} takes what is neither stored nor a value of the network")
        letter(node, self.reader)
        flows, vector = [self.values[name] for name in taken], not self.vectors.isdisjoint(taken)
        if vector or node.op_type in FLATTENS:
            self.vectors.add(node.output[0])
        match node.op_type, flows:
            case "Add", [x, y] if x.sources and y.sources and not vector:
                if len(x.sources) + len(y.sources) > MOST_SUMMED:
                    raise Beside(f"{called(node)} sums too many layers")
                return x + y
            case "Relu", [x] if x.sources:
                return x.rectified()
            case operator, [x] if operator in ENDS and x == self.last:
                return ANSWER
            case operator, [x] if self._passes(operator, node, x, vector=vector):
                return x
            case _:
                raise Beside(f"{called(node)} is no part of a network of layers and branches")

    def _passes(self, operator: str, node: onnx.NodeProto, x: Flow, *, vector: bool) -> bool:
        """Whether an operator is a layer, or leaves what its input is made of as it is."""
        if operator in INPUT:
            return x == SAMPLE or node.output[0] in self.reader.layers
        if operator in ALIKE:
            return True
        if vector or operator in ON_VECTORS:
            return vector and operator in ON_VECTORS
        return operator in ON_IMAGES or (bool(x.sources) and operator in POOLS | FLATTENS)
