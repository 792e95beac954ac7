"""One step's images of many networks; importing this module imports torch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from biasgate.training.kernels.maximum import maximum
from biasgate.training.pool import ImagePool


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

    def convolved(self, weight: Tensor, bias: Tensor, *, stride: int, window: int, dtype: torch.dtype) -> Tensor | None:
        """A convolution of images that are one colour each, for a third of the work; see ``stacked.GreyBatch``.

        Convolution is linear in colour: ``conv(grey ⊗ colour, W) = conv(grey, Σ_c colour_c W_c)``, so each grey image
        meets a kernel of its own. The normalisation folds into kernel and bias.
        """
        kernel = weight.shape[-1]
        patches = self.patches(kernel, stride, window, dtype=dtype)
        if self.colours is None or patches is None:
            return None
        m, b = self.rows.shape
        by_colour = weight.permute(0, 2, 3, 4, 1).reshape(m, 3, -1)
        tinted = torch.bmm(self.colours * self.scale[:, None, None], by_colour).view(m, b, kernel**2, -1)
        level = bias + self.offset[:, None] * weight.sum(dim=(2, 3, 4))
        kernels = torch.cat([tinted, level[:, None, None].expand(-1, b, -1, -1)], dim=2).to(dtype)
        kernels = pad(kernels, (0, 0, 0, patches.shape[-1] - kernels.shape[2])).flatten(0, 1)
        axis = self.pool.kernels.WINDOW_AXIS
        if axis == 0:
            kernels = kernels.repeat(len(patches), 1, 1)
        products = torch.bmm(patches.view(len(kernels), -1, patches.shape[-1]), kernels)
        return maximum(products.view(*patches.shape[:-1], -1), axis=axis)

    def _grid(self, kernel: int, stride: int, window: int) -> tuple[Tensor, Tensor]:
        """Where each patch lies in the window of the image: rows and columns ``[window², h, w]``."""
        rows, columns = (
            stride * (torch.arange(window)[:, None] + window * torch.arange(((side - kernel) // stride + 1) // window))
            for side in self.pool.size
        )
        down, right = torch.broadcast_tensors(rows[:, None, :, None], columns[None, :, None, :])
        return down.flatten(0, 1), right.flatten(0, 1)
