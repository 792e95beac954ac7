"""A convolution."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import ConfigDict, Field

from biasgate.errors import InputError
from biasgate.models.affine import Affine
from biasgate.models.layer import Shape, image, not_empty

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.onnx.reader import OnnxReader
    from biasgate.models.stacked import GreyBatch, Image, StackedLayer


class Conv(Affine):
    """A convolution, then its bias; ``padding`` is symmetric zero padding, in pixels.

    ``groups`` cut the channels into as many convolutions side by side; with a group a channel it is depthwise.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "conv", "out": 5, "kernel": 3},
                {"kind": "conv", "out": 4, "kernel": 3, "stride": 2, "padding": 2, "dilation": 2},
                {"kind": "conv", "out": 8, "kernel": 3, "padding": 1, "groups": 4},
            ]
        }
    )
    kind: Literal["conv"] = "conv"
    out: int = Field(gt=0, le=4096)
    kernel: int = Field(gt=0, le=31)
    stride: int = Field(default=1, gt=0, le=8)
    padding: int = Field(default=0, ge=0, le=15)
    dilation: int = Field(default=1, gt=0, le=8)
    groups: int = Field(default=1, gt=0, le=4096, exclude_if=lambda groups: groups == 1)

    axes: ClassVar[int] = 4
    operators: ClassVar[tuple[str, ...]] = ("Conv",)

    @property
    def reach(self) -> int:
        """Pixels from the first to the last that one output sees, in each direction."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def assumed(self) -> tuple[str, ...]:
        """What lies beyond the edge."""
        return ("convolutions are padded with zeros",) if self.padding else ()

    def shape(self, before: Shape, *, where: str) -> Shape:
        """One channel a filter."""
        channels, *sides = image(self.kind, before, where=where)
        if channels % self.groups or self.out % self.groups:
            raise InputError(f"{self.groups} groups do not divide {channels} channels and {self.out}", where=where)
        after = [(side + 2 * self.padding - self.reach) // self.stride + 1 for side in sides]
        return not_empty((self.out, *after), self.kind, before, where=where)

    def with_settings(self, *, where: str, **settings: int | float | str) -> Self:
        """The same with other settings; its padding follows its reach, so that the output keeps its size."""
        changed = super().with_settings(where=where, **settings)
        more, odd = divmod(changed.reach - self.reach, 2)
        if odd:
            raise InputError("the output cannot keep its size", where=where, fix="let kernels differ by even numbers")
        return super(Conv, changed).with_settings(where=where, padding=changed.padding + more)

    def module(self, before: Shape) -> nn.Module:
        """``Conv2d``."""
        from torch import nn

        return nn.Conv2d(
            before[0], self.out, self.kernel,
            stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups,
        )  # fmt: skip

    def write(self, x: str, graph: OnnxLayer) -> str:
        """One ``Conv``."""
        grouped: dict[str, Any] = {"group": self.groups} if self.groups > 1 else {}
        return graph.add(
            "Conv", [x, *graph.store("weight", "bias")],
            kernel_shape=[self.kernel] * 2, strides=[self.stride] * 2, dilations=[self.dilation] * 2,
            pads=[self.padding] * 4, **grouped,
        )  # fmt: skip

    @classmethod
    def read_node(cls, node: onnx.NodeProto, graph: OnnxReader) -> None:
        """A 2-D convolution, with or without a bias; its weight says of how many channels each group is."""
        weight = graph.array(node, 1)
        if weight.ndim != 4:
            raise graph.fault(node, f"has a weight of shape {list(weight.shape)}; only 2-D convolutions are read")
        graph.keep(node, weight, graph.array(node, 2) if len(node.input) > 2 and node.input[2] else None)

    def stacked(self, x: Image, stack: StackedLayer) -> Image:
        """By the device's kernel."""
        if stack.window > 1 and not self.padding:
            x = self._seen(x, stack.window)
        return stack.kernels.convolve(
            x, *stack.affine(),
            stride=self.stride, padding=self.padding, dilation=self.dilation, groups=self.groups,
        )  # fmt: skip

    def stacked_on_grey(self, batch: GreyBatch, stack: StackedLayer) -> Tensor | None:
        """A valid, dense convolution is linear in the colour of each image."""
        if self.padding or self.dilation > 1 or self.groups > 1:
            return None
        weight, bias = stack.parameters["weight"], stack.parameters["bias"]
        return batch.convolved(weight, bias, stride=self.stride, window=stack.window, dtype=stack.dtype)

    def _seen(self, x: Image, window: int) -> Image:
        """The images without the rows and columns that only an incomplete window of the next layer sees."""
        height, width = (((side - self.reach) // self.stride + 1) // window * window for side in x.shape[2:4])
        return x[:, :, : (height - 1) * self.stride + self.reach, : (width - 1) * self.stride + self.reach]
