"""What a layer computes with when many networks learn at once; ``biasgate.training`` gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Image: TypeAlias = "Tensor"
"""``[m, batch, height, width, channels]``: channels last, which pooling and convolutions on CPUs like best."""


class LayerKernels(Protocol):
    """Operations that a CPU and a GPU do best in ways of their own."""

    def convolve(
        self, x: Image, weight: Tensor, bias: Tensor, *, stride: int, padding: int, dilation: int, groups: int
    ) -> Image:
        """Each network's convolution of its own images.

        Args:
            x: The images.
            weight: ``[m, out, in / groups, kernel, kernel]``.
            bias: ``[m, out]``.
            stride: In both directions.
            padding: On all sides.
            dilation: In both directions.
            groups: Parts of the channels that do not meet.
        """
        ...

    def normalise(
        self, x: Image, weight: Tensor, bias: Tensor, mean: Tensor, variance: Tensor, *, momentum: float, epsilon: float
    ) -> Image:
        """Each network's images by the statistics of their batch.

        Args:
            x: The images.
            weight: ``[m, channels]``.
            bias: ``[m, channels]``.
            mean: Running, ``[m, channels]``, changed in place.
            variance: Running, ``[m, channels]``, changed in place.
            momentum: Share of the batch in the running statistics.
            epsilon: Added to the variance.
        """
        ...

    def max_pool(self, x: Image, size: int) -> Image:
        """The images, pooled over ``size`` by ``size`` windows with stride ``size``."""
        ...


class GreyBatch(Protocol):
    """Images that may be grey still, each to be multiplied by a colour of its own."""

    def convolved(self, weight: Tensor, bias: Tensor, *, stride: int, window: int, dtype: torch.dtype) -> Image | None:
        """Each network's convolution of its coloured images, without padding; the largest value of each window.

        Args:
            weight: ``[m, out, 3, kernel, kernel]``.
            bias: ``[m, out]``.
            stride: In both directions.
            window: Side of the windows, in places of the kernel.
            dtype: What products are computed in.

        Returns:
            ``None`` where this is not faster than to colour the images first.
        """
        ...


@dataclass(frozen=True, eq=False)
class StackedLayer:
    """One layer of ``m`` networks that learn together.

    Attributes:
        parameters: By their name within the layer, ``[m, *shape]``, in single precision.
        buffers: Likewise; steps change them in place.
        dtype: What the layer is computed in.
        window: Of the layer that follows; see ``Layer.window``.
        kernels: Of the networks' device.
        drop: From values ``[m, batch, ...]`` and a rate: those that dropout leaves, scaled up.
        branches: The steps of the chains that the layer holds, by name.
    """

    parameters: Mapping[str, Tensor]
    buffers: Mapping[str, Tensor]
    dtype: torch.dtype
    window: int
    kernels: LayerKernels
    drop: Callable[[Tensor, float], Tensor]
    branches: Mapping[str, Callable[[Tensor], Tensor]]

    def affine(self) -> tuple[Tensor, Tensor]:
        """Weight and bias in the type that is computed in."""
        return self.parameters["weight"].to(self.dtype), self.parameters["bias"].to(self.dtype)
