"""One layer of a network while its graph is written; importing this module imports torch and onnx."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
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

    def add(self, operator: str, inputs: list[str], *, part: str = "", **attributes: Any) -> str:
        """Appends a node; returns the name of its output. All but the layer's last are called by their ``part``."""
        name = f"{self.name}.{part}" if part else self.name
        output = f"{name}.output"
        self.graph.node.append(helper.make_node(operator, inputs, [output], name=name, **attributes))
        return output

    def constant(self, part: str, value: Sequence[int] | float) -> str:
        """Appends whole numbers, or one number in single precision; returns the name."""
        name = f"{self.name}.{part}"
        array = np.array(value, np.float32 if isinstance(value, float) else np.int64)
        self.graph.initializer.append(numpy_helper.from_array(array, name))
        return name

    def store(self, *tensors: str) -> list[str]:
        """Appends tensors of the module in single precision; returns their names."""
        names = [f"{self.name}.{tensor}" for tensor in tensors]
        for name, tensor in zip(names, tensors, strict=True):
            array = getattr(self.module, tensor).detach().cpu().float().numpy()
            self.graph.initializer.append(numpy_helper.from_array(array, name))
        return names
