"""Perturbations by spatial frequency: images without their fine detail, or with noise in it alone.

Both are made with a Gaussian low-pass filter, which does not ring. Its transfer function exp(−2π²σ²f²) falls to one
half at the cut-off f_c, so that σ = √(ln 2 / 2) / (π f_c) pixels, f_c in cycles a pixel. Borders are mirrored.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from biasgate.documents import Document

Images = NDArray[np.uint8]
PIECE = 512
"""Images that are perturbed at once."""


class LowPass(Document):
    """Fine detail is taken away.

    Attributes:
        cutoff: Frequency that half the amplitude of passes, in cycles an image.
    """

    kind: Literal["low_pass"] = "low_pass"
    cutoff: float = Field(gt=0)

    @property
    def label(self) -> str:
        """For people."""
        return f"low-pass {self.cutoff:g}"


class HighFrequencyNoise(Document):
    """Gaussian pixel noise from which the low-pass filter's share was taken, the same for every model.

    Attributes:
        cutoff: Frequency that half the amplitude of passes, in cycles an image.
        amplitude: Root mean square of the noise, in steps of 8-bit images.
    """

    kind: Literal["high_frequency_noise"] = "high_frequency_noise"
    cutoff: float = Field(gt=0)
    amplitude: float = Field(gt=0)

    @property
    def label(self) -> str:
        """For people."""
        return f"noise {self.amplitude:g} above {self.cutoff:g}"


def perturb(images: Images, perturbation: LowPass | HighFrequencyNoise, *, seed: int) -> Images:
    """The perturbed images ``[n, height, width, channels]``, rounded and clipped to 8 bits.

    Args:
        images: As stored.
        perturbation: What to do.
        seed: Of the noise.
    """
    rng = np.random.default_rng(seed)
    pieces = [images[start : start + PIECE].astype(np.float32) for start in range(0, len(images), PIECE)]
    if isinstance(perturbation, LowPass):
        made = [low_pass(piece, perturbation.cutoff) for piece in pieces]
    else:
        made = [piece + _noise(piece.shape, perturbation, rng) for piece in pieces]
    return np.concatenate([np.clip(np.rint(piece), 0, 255).astype(np.uint8) for piece in made])


def low_pass(images: NDArray[np.float32], cutoff: float) -> NDArray[np.float32]:
    """Images ``[n, height, width, channels]`` after the filter; ``cutoff`` in cycles an image's height."""
    from scipy.ndimage import gaussian_filter

    sigma = math.sqrt(math.log(2) / 2) / math.pi * images.shape[1] / cutoff
    return np.asarray(gaussian_filter(images, (0, sigma, sigma, 0), mode="reflect"), dtype=np.float32)


def _noise(shape: tuple[int, ...], noise: HighFrequencyNoise, rng: np.random.Generator) -> NDArray[np.float32]:
    white = rng.standard_normal(shape, dtype=np.float32)
    high = white - low_pass(white, noise.cutoff)
    return high * np.float32(noise.amplitude / np.sqrt(np.mean(high**2)))
