"""Self-attention over the places of an image."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import ConfigDict, Field

from biasgate.errors import InputError
from biasgate.models.layer import Layer, Placed, Shape, image
from biasgate.models.layers.conv import Conv

if TYPE_CHECKING:
    from torch import Tensor, nn

    from biasgate.models.flow import Flow
    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.stacked import Image, StackedLayer

MAPS = ("key", "query", "value")
"""In the order of their names, which is that of named tensors."""


class Attention(Layer):
    """softmax(Q Kᵀ / √d) V over all places, in ``heads`` of equal width (Vaswani et al., arXiv 1706.03762).

    Keys, queries and values are 1×1 convolutions of the input; an output map is a convolution after it.
    """

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"kind": "attention", "out": 4}, {"kind": "attention", "out": 6, "heads": 2}]}
    )
    kind: Literal["attention"] = "attention"
    out: int = Field(gt=0, le=4096)
    heads: int = Field(default=1, gt=0, le=64)

    def shape(self, before: Shape, *, where: str) -> Shape:
        """The values' channels, the input's places."""
        _, *sides = image(self.kind, before, where=where)
        if self.out % self.heads:
            raise InputError(f"{self.heads} heads do not divide {self.out} channels", where=where)
        return (self.out, *sides)

    def branches(self, before: Shape) -> Mapping[str, Sequence[Placed]]:
        """``key``, ``query`` and ``value``, of one convolution each."""
        after = self.shape(before, where=self.kind)
        return {name: [Placed(name, Conv(out=self.out, kernel=1), before, after)] for name in MAPS}

    def flow(self, x: Flow, branches: Mapping[str, Callable[[Flow], Flow]]) -> Flow:
        """The values, weighed by keys and queries."""
        key, query, value = (branches[name](x) for name in MAPS)
        return value.weighed_by(key, query)

    def module(self, before: Shape) -> nn.Module:
        """The three convolutions by their names."""
        maps = {name: placed.layer.module(before) for name, (placed,) in self.branches(before).items()}
        return _block_class()(maps, self.heads)

    def write(self, x: str, graph: OnnxLayer) -> str:
        """Products of matrices ``[d, places]`` a head, and a softmax over the keys."""
        maps = {name: graph.branches[name](x) for name in MAPS}
        width = self.out // self.heads
        by_head = graph.constant("by_head", [0, self.heads, width, -1])
        key, query, value = (graph.add("Reshape", [maps[name], by_head], part=f"{name}_by_head") for name in MAPS)
        turned = graph.add("Transpose", [key], part="turned", perm=[0, 1, 3, 2])
        product = graph.add("MatMul", [turned, query], part="product")
        scaled = graph.add("Mul", [product, graph.constant("scale", width**-0.5)], part="scaled")
        weights = graph.add("Softmax", [scaled], part="weights", axis=2)
        seen = graph.add("MatMul", [value, weights], part="seen")
        return graph.add("Reshape", [seen, graph.add("Shape", [maps["value"]], part="shape")])

    def stacked(self, x: Image, stack: StackedLayer) -> Image:
        """Torch's own attention, of all networks at once."""
        from torch.nn.functional import scaled_dot_product_attention

        maps = {name: stack.branches[name](x) for name in MAPS}
        key, query, value = (
            maps[name].flatten(2, 3).unflatten(-1, (self.heads, -1)).transpose(2, 3).flatten(0, 1) for name in MAPS
        )
        seen = scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        return seen.view(maps["value"].shape)


@cache
def _block_class() -> type[nn.Module]:
    """Made when first needed: declaring layers imports no torch."""
    from torch import nn
    from torch.nn.functional import scaled_dot_product_attention

    class AttentionBlock(nn.Module):
        """Images ``[n, channels, height, width]`` to as many values at the same places."""

        def __init__(self, maps: Mapping[str, nn.Module], heads: int) -> None:
            super().__init__()
            self.key, self.query, self.value = (maps[name] for name in MAPS)
            self.heads = heads

        def forward(self, x: Tensor) -> Tensor:
            """What each place takes from all."""
            query, key, value = (
                one(x).flatten(2).unflatten(1, (self.heads, -1)).transpose(2, 3)
                for one in (self.query, self.key, self.value)
            )
            seen = scaled_dot_product_attention(query, key, value)
            return seen.transpose(2, 3).flatten(1, 2).unflatten(2, x.shape[2:])

    return AttentionBlock
