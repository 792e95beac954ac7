"""From images to vectors."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict

from biasgate.models.layer import Layer, Shape

if TYPE_CHECKING:
    from torch import Tensor, nn

    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.stacked import Image, StackedLayer


class Flatten(Layer):
    """Images to vectors, channel-major."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "flatten"}]})
    kind: Literal["flatten"] = "flatten"

    operators: ClassVar[tuple[str, ...]] = ("Flatten",)

    def shape(self, before: Shape, *, where: str) -> Shape:
        """As many features as the image has values."""
        return (math.prod(before),)

    def module(self, before: Shape) -> nn.Module:
        """``Flatten``."""
        from torch import nn

        return nn.Flatten()

    def write(self, x: str, graph: OnnxLayer) -> str:
        """One ``Flatten``."""
        return graph.add("Flatten", [x])

    def stacked(self, x: Image, stack: StackedLayer) -> Tensor:
        """Channels first, as in a single network."""
        return x.movedim(-1, 2).flatten(2)
