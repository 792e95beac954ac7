"""One layer of a network while its graph is written; importing this module imports torch and onnx."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import onnx
from onnx import helper, numpy_helper
from torch import nn


@dataclass(frozen=True, eq=False)
class OnnxLayer:
    """Where a layer's nodes go.

    Attributes:
        name: Of its module in the network.
        module: With its weights.
        graph: So far, in the order of the forward pass.
        branches: The chains that the layer holds, by name: each writes itself, from the name of the value that it
            takes to the name of the value that it gives.
    """

    name: str
    module: nn.Module
    graph: onnx.GraphProto
    branches: Mapping[str, Callable[[str], str]]

    def add(self, operator: str, inputs: list[str], **attributes: Any) -> str:
        """Appends a node, the only one of its layer; returns the name of its output."""
        output = f"{self.name}.output"
        self.graph.node.append(helper.make_node(operator, inputs, [output], name=self.name, **attributes))
        return output

    def store(self, *tensors: str) -> list[str]:
        """Appends tensors of the module in single precision; returns their names."""
        names = [f"{self.name}.{tensor}" for tensor in tensors]
        for name, tensor in zip(names, tensors, strict=True):
            array = getattr(self.module, tensor).detach().cpu().float().numpy()
            self.graph.initializer.append(numpy_helper.from_array(array, name))
        return names
