"""What a device must compute for a stack of networks; importing this module imports torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

Image = Tensor
"""``[m, batch, height, width, channels]``: channels last, which pooling and convolutions on CPUs like best."""


@dataclass(frozen=True)
class Norm:
    """The batch normalisations at one place of ``m`` networks.

    Attributes:
        weight: ``[m, channels]``.
        bias: ``[m, channels]``.
        mean: Running, ``[m, channels]``, changed in place.
        variance: Running, ``[m, channels]``, changed in place.
        module: Says momentum and epsilon.
    """

    weight: Tensor
    bias: Tensor
    mean: Tensor
    variance: Tensor
    module: nn.BatchNorm2d


class Kernels(Protocol):
    """The ways of one kind of device; a module."""

    WINDOW_AXIS: int
    """Where the places of a pooling window are put, beside ``[m, batch, h, w, ...]``."""

    def columns(self, used: int) -> int:
        """How wide a table is made whose rows are multiplied, given what it holds."""
        ...

    def take(self, table: Tensor, rows: Tensor) -> Tensor:
        """Rows ``[*rows.shape, columns]`` of a table ``[n, columns]``."""
        ...

    def convolve(self, x: Image, weight: Tensor, bias: Tensor, module: nn.Conv2d) -> Image:
        """Each network's convolution of its own images.

        Args:
            x: What the layer sees.
            weight: ``[m, out, in, kernel, kernel]``.
            bias: ``[m, out]``.
            module: Says stride, padding and dilation.
        """
        ...

    def normalise(self, x: Image, norm: Norm) -> Image:
        """Each network's images by the statistics of their batch, which move the running ones."""
        ...

    def max_pool(self, x: Image, size: int) -> Image:
        """The images, pooled over ``size`` by ``size`` windows with stride ``size``."""
        ...


def kernels_for(device: torch.device) -> Kernels:
    """Those of a CPU or of a GPU."""
    from biasgate.training.kernels import cpu, gpu

    return cpu if device.type == "cpu" else gpu
