"""A dense layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import ConfigDict, Field

from biasgate.errors import InputError
from biasgate.models.affine import Affine
from biasgate.models.layer import Shape
from biasgate.models.weights import layer

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.onnx.reader import OnnxReader
    from biasgate.models.stacked import StackedLayer


class Dense(Affine):
    """An affine map to ``out`` units."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "dense", "out": 6}]})
    kind: Literal["dense"] = "dense"
    out: int = Field(gt=0, le=65536)

    gives_logits: ClassVar[bool] = True
    axes: ClassVar[int] = 2
    operators: ClassVar[tuple[str, ...]] = ("Gemm", "MatMul", "Add")

    def shape(self, before: Shape, *, where: str) -> Shape:
        """One feature a unit."""
        if len(before) != 1:
            raise InputError(f"dense needs a vector, not {before}", where=where, fix="put a flatten layer before it")
        return (self.out,)

    def module(self, before: Shape) -> nn.Module:
        """``Linear``."""
        from torch import nn

        return nn.Linear(before[0], self.out)

    def write(self, x: str, graph: OnnxLayer) -> str:
        """One ``Gemm``."""
        return graph.add("Gemm", [x, *graph.store("weight", "bias")], transB=1)

    @classmethod
    def read_node(cls, node: onnx.NodeProto, graph: OnnxReader) -> None:
        """``Gemm``, or ``MatMul`` and the ``Add`` of its bias; any other ``Add`` or product has no weights."""
        if node.op_type == "Gemm":
            _read_gemm(node, graph)
        elif node.op_type == "MatMul" and not graph.constants.keys().isdisjoint(node.input):
            graph.keep(node, graph.array(node, 1).T, None)
        elif node.op_type == "MatMul" or not _reads_bias(node, graph):
            graph.check_weightless(node)

    def stacked(self, x: Tensor, stack: StackedLayer) -> Tensor:
        """One batched product."""
        import torch

        weight, bias = stack.affine()
        return torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))


def _read_gemm(node: onnx.NodeProto, graph: OnnxReader) -> None:
    weight = graph.array(node, 1)
    transposed = graph.number(node, "transB", 0)
    if graph.number(node, "transA", 0) != 0 or transposed not in (0, 1) or weight.ndim != 2:
        raise graph.fault(node, "is no dense layer")
    weight = weight if transposed else weight.T
    bias = None
    if len(node.input) > 2 and node.input[2]:
        bias = graph.vector(graph.array(node, 2), len(weight)) * np.float32(graph.number(node, "beta", 1.0))
    graph.keep(node, weight * np.float32(graph.number(node, "alpha", 1.0)), bias)


def _reads_bias(node: onnx.NodeProto, graph: OnnxReader) -> bool:
    """Whether the node adds a stored bias to a dense layer that nothing else takes; then it is read."""
    if len(node.input) != 2:
        return False
    for value, constant in ((node.input[0], node.input[1]), (node.input[1], node.input[0])):
        before = graph.layers.get(value)
        if before and before.kind == "dense" and constant in graph.constants and graph.uses[value] == 1:
            bias = graph.vector(graph.tensor(constant), len(before.bias)) + before.bias
            graph.replace(value, node.output[0], layer(before.name, before.weight, bias, where=graph.where))
            return True
    return False
