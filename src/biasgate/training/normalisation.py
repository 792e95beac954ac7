"""Named input normalisations, as the card's input contract states them: ``(sample / 255 - mean) / std``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Normalisation = Literal["unit", "centred"]
MEAN_STD: dict[Normalisation, tuple[float, float]] = {"unit": (0.0, 1.0), "centred": (0.5, 0.5)}


def to_tensor(images: NDArray[np.uint8] | NDArray[np.float32], normalisation: Normalisation = "unit") -> Tensor:
    """Stored images ``uint8 [n, height, width, channels]`` as the ``float32`` NCHW tensor that networks take.

    ``unit`` gives values in [0, 1], ``centred`` in [-1, 1]. The tensor is laid out channels-last, which convolutions
    on CPUs like best.

    Raises:
        InputError: These are no 8-bit images.
    """
    import torch

    if images.ndim != 4 or images.dtype != np.uint8:
        raise InputError(
            f"samples are {images.dtype} {list(images.shape)}, not 8-bit images [n, height, width, channels]"
        )

    return normalised(torch.from_numpy(np.ascontiguousarray(images)), normalisation)


def normalised(pixels: Tensor, normalisation: Normalisation) -> Tensor:
    """``to_tensor`` of a tensor ``uint8 [n, height, width, channels]``, on its device."""
    import torch

    mean, std = MEAN_STD[normalisation]
    return pixels.permute(0, 3, 1, 2).to(torch.float32).div_(255).sub_(mean).div_(std)
