"""A residual block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field

from biasgate.errors import InputError
from biasgate.models.chain import place
from biasgate.models.layer import Layer, Placed, Shape, image
from biasgate.models.layers.attention import Attention
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.relu import Relu

if TYPE_CHECKING:
    from torch import Tensor, nn

    from biasgate.models.flow import Flow
    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.stacked import Image, StackedLayer


class Residual(Layer):
    """x + body(x); a 1×1 convolution on the skip when ``body`` changes the shape."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "residual", "body": [{"kind": "conv", "out": 4, "kernel": 1}, {"kind": "relu"}]},
                {
                    "kind": "residual",
                    "body": [{"kind": "conv", "out": 6, "kernel": 3, "stride": 2, "padding": 1}, {"kind": "norm"}],
                },
            ]
        }
    )
    kind: Literal["residual"] = "residual"
    body: tuple[Conv | Norm | Relu | Attention, ...] = Field(max_length=256)

    def shape(self, before: Shape, *, where: str) -> Shape:
        """The body's."""
        body = self._body(image(self.kind, before, where=where), where=where)
        after = body[-1].after if body else before
        if before != after and _projection(before, after).shape(before, where=where) != after:
            raise InputError(
                f"no strided 1×1 convolution turns {before} into {after}",
                where=where,
                fix="pad the body's convolutions so that they only divide the size",
            )
        return after

    def branches(self, before: Shape) -> Mapping[str, Sequence[Placed]]:
        """``body``, and ``skip`` of one layer or none."""
        body = self._body(before, where=self.kind)
        after = body[-1].after if body else before
        skip = [] if before == after else [Placed("skip", _projection(before, after), before, after)]
        return {"body": body, "skip": skip}

    def flow(self, x: Flow, branches: Mapping[str, Callable[[Flow], Flow]]) -> Flow:
        """The sum of both branches."""
        return branches["body"](x) + branches["skip"](x)

    @property
    def parts(self) -> tuple[Layer, ...]:
        """The body."""
        return self.body

    def with_parts(self, parts: Sequence[Layer]) -> Layer:
        """With another body."""
        return self.model_copy(update={"body": tuple(parts)})

    def module(self, before: Shape) -> nn.Module:
        """The body as ``body``; ``skip`` is the identity where the body keeps the shape."""
        from torch import nn

        modules = {
            name: [placed.layer.module(placed.before) for placed in branch]
            for name, branch in self.branches(before).items()
        }
        return _block_class()(modules["body"], *(modules["skip"] or [nn.Identity()]))

    def write(self, x: str, graph: OnnxLayer) -> str:
        """Both branches and one ``Add``."""
        return graph.add("Add", [graph.branches["body"](x), graph.branches["skip"](x)])

    def stacked(self, x: Image, stack: StackedLayer) -> Image:
        """Both branches' steps and their sum."""
        return stack.branches["body"](x) + stack.branches["skip"](x)

    def _body(self, before: Shape, *, where: str) -> list[Placed]:
        return place(self.body, before, name="body", where=f"{where}.body")


def _projection(before: Shape, after: Shape) -> Conv:
    """The 1×1 convolution of the skip."""
    return Conv(out=after[0], kernel=1, stride=min(-(-before[1] // after[1]), 8))


@cache
def _block_class() -> type[nn.Module]:
    """Made when first needed: declaring layers imports no torch."""
    from torch import nn

    class ResidualBlock(nn.Module):
        """``body(x) + skip(x)``."""

        def __init__(self, body: Sequence[nn.Module], skip: nn.Module) -> None:
            super().__init__()
            self.body, self.skip = nn.Sequential(*body), skip

        def forward(self, x: Tensor) -> Tensor:
            """The sum, of the body's shape."""
            return self.body(x) + self.skip(x)

    return ResidualBlock
