"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from biasgate.errors import CandidateError
from biasgate.models.layer import Layer, Shape, image
from biasgate.models.weights import LayerWeights, finite

if TYPE_CHECKING:
    import onnx
    from torch import Tensor, nn

    from biasgate.models.named_reader import NamedReader
    from biasgate.models.onnx.layer import OnnxLayer
    from biasgate.models.onnx.reader import OnnxReader
    from biasgate.models.stacked import Image, StackedLayer

EPSILON, MOMENTUM = 1e-5, 0.1
"""Torch's and ONNX's defaults; named tensors alone do not tell others."""
TENSORS = ("weight", "bias", "running_mean", "running_var")


class Norm(Layer):
    """Batch normalisation over channels.

    ``epsilon`` is added to the variance: 1e-5 unless it is declared. Weights alone do not hold it; Keras has 1e-3.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [{"kind": "norm"}]})
    kind: Literal["norm"] = "norm"
    epsilon: float | None = Field(default=None, gt=0, le=1)

    operators: ClassVar[tuple[str, ...]] = ("BatchNormalization",)

    @property
    def added(self) -> float:
        """What is added to the variance."""
        return EPSILON if self.epsilon is None else self.epsilon

    @property
    def assumed(self) -> tuple[str, ...]:
        """Epsilon."""
        if self.epsilon is not None:
            return ()
        return (f"batch normalisation adds {EPSILON:g} to the variance: say epsilon in the card where it is another",)

    def shape(self, before: Shape, *, where: str) -> Shape:
        """The same."""
        return image(self.kind, before, where=where)

    def module(self, before: Shape) -> nn.Module:
        """``BatchNorm2d``."""
        from torch import nn

        return nn.BatchNorm2d(before[0], eps=self.added, momentum=MOMENTUM)

    def write(self, x: str, graph: OnnxLayer) -> str:
        """One ``BatchNormalization`` with the running statistics."""
        return graph.add("BatchNormalization", [x, *graph.store(*TENSORS)], epsilon=self.added)

    @classmethod
    def read_node(cls, node: onnx.NodeProto, graph: OnnxReader) -> None:
        """Folded into the convolution directly before, whose output nothing else may take."""
        conv = graph.layers.get(node.input[0])
        if graph.number(node, "training_mode", 0) or any(node.output[1:]):
            raise graph.fault(node, "normalises by the batch that it is given")
        if conv is None or graph.uses[node.input[0]] != 1:
            raise graph.fault(node, "does not follow a convolution directly")
        statistics = [graph.array(node, index) for index in range(1, 5)]
        epsilon = graph.number(node, "epsilon", EPSILON)
        graph.replace(node.input[0], node.output[0], _folded(conv, *statistics, epsilon=epsilon, where=graph.where))

    @classmethod
    def read_tensors(cls, module: str, parts: Mapping[str, NDArray[np.float32]], found: NamedReader) -> bool:
        """Tensors with a running mean: folded into the convolution named just before."""
        if "running_mean" not in parts:
            return False
        if not found.layers or not found.directly_before(module):
            raise found.fault(f"batch normalisation {module!r} does not follow a convolution")
        if set(parts) != set(TENSORS):
            raise found.fault(f"batch normalisation {module!r} lacks tensors")
        statistics = [parts[name] for name in TENSORS]
        found.layers[-1] = _folded(found.layers[-1], *statistics, epsilon=EPSILON, where=found.where)
        return True

    def restored(self, before: Shape, weights: LayerWeights | None) -> dict[str, Tensor]:
        """The identity."""
        import torch

        ones = torch.ones(before[0])
        return {
            "weight": ones * (1 + self.added) ** 0.5,
            "bias": ones * 0,
            "running_mean": ones * 0,
            "running_var": ones.clone(),
        }

    def stacked(self, x: Image, stack: StackedLayer) -> Image:
        """By the device's kernel, which moves the running statistics."""
        stack.buffers["num_batches_tracked"].add_(1)
        weight, bias = stack.parameters["weight"], stack.parameters["bias"]
        mean, variance = stack.buffers["running_mean"], stack.buffers["running_var"]
        return stack.kernels.normalise(x, weight, bias, mean, variance, momentum=MOMENTUM, epsilon=self.added)


def _folded(
    conv: LayerWeights,
    scale: NDArray[np.float32],
    shift: NDArray[np.float32],
    mean: NDArray[np.float32],
    variance: NDArray[np.float32],
    *,
    epsilon: float,
    where: str,
) -> LayerWeights:
    """The one convolution that does what ``conv`` and then batch normalisation do at inference.

    With s = scale / √(variance + ε): weight' = s · weight, bias' = s · (bias − mean) + shift, per output channel.

    Raises:
        CandidateError: The statistics do not fit the convolution, or the result is NaN or infinite.
    """
    shapes = {scale.shape, shift.shape, mean.shape, variance.shape}
    if conv.kind != "conv" or shapes != {conv.bias.shape}:
        raise CandidateError(f"batch normalisation does not fit the layer before it, {conv.name!r}", where=where)
    if not (variance.astype(np.float64) + epsilon > 0).all():
        raise CandidateError(f"batch normalisation after {conv.name!r} has a variance below zero", where=where)
    with np.errstate(over="ignore", invalid="ignore"):
        factor = scale / np.sqrt(variance.astype(np.float64) + epsilon)
        weight = (conv.weight * factor[:, None, None, None]).astype(np.float32)
        bias = ((conv.bias - mean.astype(np.float64)) * factor + shift).astype(np.float32)
    finite(conv.name, weight, bias, where=where)
    return replace(conv, weight=weight, bias=bias)
