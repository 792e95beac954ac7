"""Pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import ConfigDict, Field

from biasgate.models.layer import Layer, Shape, image, not_empty

if TYPE_CHECKING:
    from torch import nn

    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.stacked import Image, StackedLayer


class Pool(Layer):
    """Max or mean pooling over ``size`` by ``size`` pixels with stride ``size``; ``global`` pools all that is left."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "pool"},
                {"kind": "pool", "how": "mean", "size": 3},
                {"kind": "pool", "how": "global"},
            ]
        }
    )
    kind: Literal["pool"] = "pool"
    how: Literal["max", "mean", "global"] = "max"
    size: int = Field(default=2, gt=0, le=16)

    operators: ClassVar[tuple[str, ...]] = ("MaxPool", "AveragePool", "GlobalAveragePool")

    @property
    def window(self) -> int:
        """Its size where the largest value passes."""
        return self.size if self.how == "max" else 1

    def shape(self, before: Shape, *, where: str) -> Shape:
        """The same channels; what fills no window is left out."""
        channels, *sides = image(self.kind, before, where=where)
        if self.how == "global":
            return (channels, 1, 1)
        return not_empty((channels, *(side // self.size for side in sides)), self.kind, before, where=where)

    def module(self, before: Shape) -> nn.Module:
        """``MaxPool2d``, ``AvgPool2d`` or ``AdaptiveAvgPool2d``."""
        from torch import nn

        match self.how:
            case "max":
                return nn.MaxPool2d(self.size)
            case "mean":
                return nn.AvgPool2d(self.size)
            case "global":
                return nn.AdaptiveAvgPool2d(1)

    def write(self, x: str, graph: OnnxLayer) -> str:
        """``MaxPool``, ``AveragePool`` or ``GlobalAveragePool``."""
        if self.how == "global":
            return graph.add("GlobalAveragePool", [x])
        operator = "MaxPool" if self.how == "max" else "AveragePool"
        return graph.add(operator, [x], kernel_shape=[self.size] * 2, strides=[self.size] * 2)

    def stacked(self, x: Image, stack: StackedLayer) -> Image:
        """Maxima by the device's kernel, means by torch's own."""
        match self.how:
            case "max":
                return stack.kernels.max_pool(x, self.size)
            case "mean":
                height, width = (side // self.size for side in x.shape[2:4])
                cut = x[:, :, : height * self.size, : width * self.size]
                return cut.unflatten(3, (width, self.size)).unflatten(2, (height, self.size)).mean(dim=(3, 5))
            case "global":
                return x.mean(dim=(2, 3), keepdim=True)
