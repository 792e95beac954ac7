"""The rectifier."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict

from biasgate.models.layer import Layer, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

    from biasgate.models.flow import Flow
    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.stacked import StackedLayer


class Relu(Layer):
    """max(0, x)."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "relu"}]})
    kind: Literal["relu"] = "relu"

    increases: ClassVar[bool] = True
    operators: ClassVar[tuple[str, ...]] = ("Relu",)

    def shape(self, before: Shape, *, where: str) -> Shape:
        """The same."""
        return before

    def flow(self, x: Flow, branches: Mapping[str, Callable[[Flow], Flow]]) -> Flow:
        """What is above zero of it."""
        return x.rectified()

    def module(self, before: Shape) -> nn.Module:
        """``ReLU``."""
        from torch import nn

        return nn.ReLU()

    def write(self, x: str, graph: OnnxLayer) -> str:
        """One ``Relu``."""
        return graph.add("Relu", [x])

    def stacked(self, x: Tensor, stack: StackedLayer) -> Tensor:
        """Of all values at once."""
        return x.relu()
