"""What spatial frequencies the filters of the first convolution answer to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

GRID = 64
"""Points a side of the frequency plane that filters are shown on."""

BINS = 16
"""Rings of equal width from 0 to the Nyquist frequency, half a cycle a pixel; the corners beyond are left out."""


def radial_power(weight: NDArray[np.floating], *, dilation: int = 1) -> NDArray[np.float64]:
    """How a layer's power spreads over radial frequency, ``[BINS]``, summing to 1.

    The squared modulus of each kernel's Fourier transform, its taps ``dilation`` pixels apart, is averaged over rings
    and summed over input channels and filters, so that strong filters count more. White filters give equal shares.

    Args:
        weight: ``[filters, channels, height, width]``.
        dilation: Pixels between neighbouring taps.
    """
    sides = [dilation * (side - 1) + 1 for side in weight.shape[2:]]
    if max(sides) > GRID:
        raise ValueError(f"kernels of {max(sides)} pixels do not fit a plane of {GRID}")
    apart = np.zeros((*weight.shape[:2], *sides))
    apart[..., ::dilation, ::dilation] = weight
    power = np.sum(np.abs(np.fft.fft2(apart, s=(GRID, GRID))) ** 2, axis=(0, 1))
    axis = np.fft.fftfreq(GRID)
    ring = (np.hypot(axis[:, None], axis[None]) * 2 * BINS).astype(int)
    inside = ring < BINS
    mean = np.bincount(ring[inside], weights=power[inside]) / np.bincount(ring[inside])
    return mean / mean.sum()


def frequencies() -> NDArray[np.float64]:
    """The middle of each ring, in cycles a pixel ``[BINS]``."""
    return (np.arange(BINS) + 0.5) / (2 * BINS)


def centroid(power: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean frequency of spectra ``[..., BINS]``, in cycles a pixel: 0.25 for white filters."""
    return np.asarray(power @ frequencies() / power.sum(axis=-1))
