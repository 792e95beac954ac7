"""Where the batches of many networks come from: images that all of them share, and what each makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import pad

from biasgate.training.kernels.interface import kernels_for
from biasgate.training.loop import SHIFT
from biasgate.training.normalisation import MEAN_STD, Normalisation

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


@dataclass(frozen=True, eq=False)
class Sight:
    """What one network sees of a pool.

    Attributes:
        rows: Its images ``int64 [n]``, indices into the pool.
        labels: Class indices ``int64 [n]``.
        colours: Each image's colour in [0, 1], ``float32 [n, 3]``, when the pool is grey.
        normalisation: Of the coloured image.
    """

    rows: Tensor
    labels: Tensor
    colours: Tensor | None
    normalisation: Normalisation


@dataclass(frozen=True)
class Batch:
    """One step's images of ``m`` networks, not yet cut out of their pool.

    Attributes:
        pool: Where they lie.
        rows: Indices into the pool ``int64 [m, batch]``.
        colours: ``float32 [m, batch, 3]`` or ``None``.
        corners: Top and left of each network's window ``int64 [m, 2]``; ``SHIFT`` is the middle.
        scale: Of a network's intensities after colouring, ``[m]``: ``1 / (255 std)``.
        offset: ``-mean / std``, ``[m]``.
    """

    pool: ImagePool
    rows: Tensor
    colours: Tensor | None
    corners: Tensor
    scale: Tensor
    offset: Tensor

    def images(self) -> Tensor:
        """Normalised, ``float32 [m, batch, height, width, channels]``."""
        windows = self.pool.images.unfold(1, self.pool.size[0], 1).unfold(2, self.pool.size[1], 1)
        top, left = self.corners.unbind(1)
        cut = windows[self.rows, top[:, None], left[:, None]].movedim(2, -1).float()
        if self.colours is not None:
            cut = cut * self.colours[:, :, None, None]
        shape = (-1, 1, 1, 1, 1)
        return cut * self.scale.view(shape) + self.offset.view(shape)

    def patches(self, kernel: int, stride: int, window: int, *, dtype: torch.dtype) -> Tensor | None:
        """The grey patches under a valid convolution's kernel, by their place in a pooling window.

        Returns:
            ``[m, batch, h, w, taps]`` with ``window²`` places at the kernels' ``WINDOW_AXIS``, or ``None``.
        """
        table = self.pool.patches(kernel, dtype=dtype) if self.colours is not None else None
        if table is None:
            return None
        height, width = (side - kernel + 1 for side in self.pool.images.shape[1:3])
        corner = self.corners[:, 0] * width + self.corners[:, 1]
        down, right = self._grid(kernel, stride, window)
        grid = (width * down + right).to(table.device)
        places = (self.rows * (height * width) + corner[:, None])[..., None, None, None] + grid
        return self.pool.kernels.take(table, places.movedim(2, self.pool.kernels.WINDOW_AXIS))

    def _grid(self, kernel: int, stride: int, window: int) -> tuple[Tensor, Tensor]:
        """Where each patch lies in the window of the image: rows and columns ``[window², h, w]``."""
        rows, columns = (
            stride * (torch.arange(window)[:, None] + window * torch.arange(((side - kernel) // stride + 1) // window))
            for side in self.pool.size
        )
        down, right = torch.broadcast_tensors(rows[:, None, :, None], columns[None, :, None, :])
        return down.flatten(0, 1), right.flatten(0, 1)


class Feed:
    """Draws the batches of ``m`` networks of one pool; rows and windows are decided beforehand, network by network."""

    def __init__(self, pool: ImagePool, sights: Sequence[Sight], *, order: Tensor, corners: Tensor) -> None:
        """Takes positions in each network's sight ``order`` ``[m, steps, batch]`` and ``corners`` ``[m, steps, 2]``."""
        device = pool.images.device
        self._pool, self._corners = pool, corners.to(device)
        self._rows = _taken([s.rows for s in sights], order).to(device)
        self._labels = _taken([s.labels for s in sights], order).to(device)
        colours = [s.colours for s in sights if s.colours is not None]
        self._colours = _taken(colours, order).to(device) if colours else None
        mean, std = torch.tensor([MEAN_STD[s.normalisation] for s in sights], device=device).unbind(1)
        self._scale, self._offset = 1 / (255 * std), -mean / std

    def __call__(self, step: int) -> tuple[Batch, Tensor]:
        """The batch of a step and its labels ``[m, batch]``."""
        colours = None if self._colours is None else self._colours[:, step]
        corners = self._corners[:, step]
        return Batch(self._pool, self._rows[:, step], colours, corners, self._scale, self._offset), self._labels[
            :, step
        ]


def _taken(values: Sequence[Tensor], order: Tensor) -> Tensor:
    return torch.stack([value[places] for value, places in zip(values, order, strict=True)])
