"""What a device must compute for a stack of networks; importing this module imports torch."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from biasgate.models.stacked import LayerKernels


class Kernels(LayerKernels, Protocol):
    """The ways of one kind of device; a module."""

    WINDOW_AXIS: int
    """Where the places of a pooling window are put, beside ``[m, batch, h, w, ...]``."""

    def columns(self, used: int) -> int:
        """How wide a table is made whose rows are multiplied, given what it holds."""
        ...

    def take(self, table: Tensor, rows: Tensor) -> Tensor:
        """Rows ``[*rows.shape, columns]`` of a table ``[n, columns]``."""
        ...


def kernels_for(device: torch.device) -> Kernels:
    """Those of a CPU or of a GPU."""
    from biasgate.training.kernels import cpu, gpu

    return cpu if device.type == "cpu" else gpu
