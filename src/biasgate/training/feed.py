"""Where the batches of many networks come from: images that all share, and what each sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasgate.training.batch import Batch
from biasgate.training.normalisation import MEAN_STD, Normalisation
from biasgate.training.pool import ImagePool


@dataclass(frozen=True, eq=False)
class Sight:
    """What one network sees of a pool.

    Attributes:
        rows: Its images ``int64 [n]``, indices into the pool.
        labels: Class indices ``int64 [n]``.
        colours: Each image's colour in [0, 1], ``float32 [n, 3]``, when the pool is grey.
        normalisation: Of the coloured image.
    """

    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    colours: NDArray[np.float32] | None
    normalisation: Normalisation


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


def _taken(values: Sequence[NDArray[np.generic]], order: Tensor) -> Tensor:
    return torch.stack([torch.from_numpy(value)[places] for value, places in zip(values, order, strict=True)])
