"""8-bit images that many networks learn from; importing this module imports torch."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from biasgate.training.kernels.interface import kernels_for
from biasgate.training.loop import SHIFT

LARGEST_TABLE = 1 << 28
"""Bytes that a pool may spend on patches cut beforehand; images larger than digits are cut batch by batch."""


class ImagePool:
    """8-bit images that many networks draw from, with the margin that shifting them needs.

    Attributes:
        images: ``uint8 [n, height + 2 SHIFT, width + 2 SHIFT, channels]``, black around.
        size: Height and width without the margin.
        kernels: Of the device that the images are on.
    """

    def __init__(self, images: NDArray[np.uint8], *, device: torch.device | str = "cpu") -> None:
        self.size = images.shape[1], images.shape[2]
        margin = [(0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0)]
        self.images = torch.from_numpy(np.pad(images, margin)).to(device)
        self.kernels = kernels_for(self.images.device)
        self._cut = lru_cache(maxsize=1)(self._patches)

    def patches(self, kernel: int, *, dtype: torch.dtype) -> Tensor | None:
        """Every ``kernel``² patch of the grey images, intensities in [0, 255], a 1 for the bias, and zeros if any.

        Returns:
            ``[n * places, taps]``, places row by row at stride 1; ``None`` when that is too large.
        """
        n, height, width, channels = self.images.shape
        places = (height - kernel + 1) * (width - kernel + 1)
        if channels > 1 or dtype.itemsize * n * places * self.kernels.columns(kernel**2 + 1) > LARGEST_TABLE:
            return None
        return self._cut(kernel, dtype)

    def _patches(self, kernel: int, dtype: torch.dtype) -> Tensor:
        windows = self.images[..., 0].unfold(1, kernel, 1).unfold(2, kernel, 1)
        ones = pad(windows.reshape(-1, kernel**2).to(dtype), (0, 1), value=1.0)
        return pad(ones, (0, self.kernels.columns(ones.shape[1]) - ones.shape[1]))
