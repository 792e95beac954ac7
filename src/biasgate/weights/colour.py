"""The first layer seen in colour and frequency: luma and chroma by a two-dimensional cosine transform."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LUMA_CHROMA = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
"""Orthonormal rows: luma, then two chroma axes; only what is invariant to turning the chroma plane is ever read."""

BANDS = ("dc", "low", "high")


def transform(kernels: NDArray[np.float64]) -> NDArray[np.float64]:
    """First-layer kernels ``[units, 3, height, width]`` in the orthonormal basis (luma, two chroma) × (DCT-II)."""
    from scipy.fft import dctn

    frequencies: NDArray[np.float64] = np.asarray(dctn(kernels, axes=(2, 3), norm="ortho"))
    return np.einsum("bc,uchw->ubhw", LUMA_CHROMA, frequencies)


def bands(height: int, width: int) -> NDArray[np.int64]:
    """Index into ``BANDS`` of each DCT coefficient ``[height, width]``: the mean, orders 1 and 2, all above."""
    order = np.add.outer(np.arange(height), np.arange(width))
    return np.digitize(order, [1, 3])


def colour_bands(power: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums power ``[units, 3, height, width]`` to ``[units, 2 (luma, chroma), 3 (bands)]``."""
    index = bands(*power.shape[2:])
    by_band = np.stack([power[..., index == band].sum(axis=-1) for band in range(len(BANDS))], axis=-1)
    return np.stack([by_band[:, 0], by_band[:, 1:].sum(axis=1)], axis=1)
