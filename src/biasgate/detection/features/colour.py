"""The first layer seen in colour and frequency: luma and chroma by a two-dimensional cosine transform."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

LUMA_CHROMA = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
"""Orthonormal rows: luma, then two chroma axes; only what is invariant to turning the chroma plane is ever read."""

BANDS = ("dc", "low", "high")


def transform(kernels: NDArray[np.float64], kernel: tuple[int, int]) -> NDArray[np.float64]:
    """First-layer kernels ``[units, 3, height · width]`` in the orthonormal basis (luma, two chroma) × (DCT-II)."""
    return LUMA_CHROMA @ kernels @ np.kron(_cosines(kernel[0]), _cosines(kernel[1])).T


@lru_cache(maxsize=32)
def _cosines(length: int) -> NDArray[np.float64]:
    """The orthonormal DCT-II as a matrix, a frequency a row; importing ``scipy.fft`` would take most of a second."""
    frequency, place = np.ogrid[:length, :length]
    waves = np.cos(np.pi * (place + 0.5) * frequency / length) * np.sqrt(2 / length)
    waves[0] /= np.sqrt(2)
    return waves


def bands(height: int, width: int) -> NDArray[np.int64]:
    """Index into ``BANDS`` of each DCT coefficient ``[height, width]``: the mean, orders 1 and 2, all above."""
    order = np.add.outer(np.arange(height), np.arange(width))
    return np.digitize(order, [1, 3])


def colour_bands(power: NDArray[np.float64], kernel: tuple[int, int]) -> NDArray[np.float64]:
    """Sums power ``[…, 3, height · width]`` to ``[…, 2 (luma, chroma), 3 (bands)]``."""
    by_band = power @ _members(*kernel)
    return np.stack([by_band[..., 0, :], by_band[..., 1:, :].sum(axis=-2)], axis=-2)


@lru_cache(maxsize=32)
def _members(height: int, width: int) -> NDArray[np.float64]:
    """Which coefficient is of which band: ``[height · width, 3]`` of zeros and ones."""
    return np.eye(len(BANDS))[bands(height, width).ravel()]
