"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict, Field

from biasgate.models.layer import Layer, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.stacked import StackedLayer


class Dropout(Layer):
    """Zeroes a share ``rate`` of units in training; the identity afterwards."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "dropout"}, {"kind": "dropout", "rate": 0.0}]})
    kind: Literal["dropout"] = "dropout"
    rate: float = Field(default=0.3, ge=0, lt=1)

    operators: ClassVar[tuple[str, ...]] = ("Dropout",)

    def shape(self, before: Shape, *, where: str) -> Shape:
        """The same."""
        return before

    def module(self, before: Shape) -> nn.Module:
        """``Dropout``."""
        from torch import nn

        return nn.Dropout(self.rate)

    def write(self, x: str, graph: OnnxLayer) -> str:
        """Nothing: the identity."""
        return x

    def stacked(self, x: Tensor, stack: StackedLayer) -> Tensor:
        """Each network from its own generator."""
        return stack.drop(x, self.rate)
