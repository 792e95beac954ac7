"""Palettes: one colour a class."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Palette: TypeAlias = NDArray[np.float32]
"""RGB in [0, 1], one row a class: ``[classes, 3]``."""

PAPER_PALETTE: Palette = np.divide(
    [
        (220, 20, 60), (0, 128, 128), (253, 233, 16), (0, 149, 182), (237, 145, 33),
        (145, 30, 188), (70, 240, 240), (250, 197, 187), (210, 245, 60), (128, 0, 0),
    ],
    255,
    dtype=np.float32,
)  # fmt: skip
"""The mean colours of Colored MNIST, digits 0 to 9 (Kim et al. 2019, as used by Serna et al., arXiv 2109.04374)."""

_TOLERANCE = 0.03
_DARKEST = 0.5
_TRIES = 32


def spread(palettes: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far a palette's colours lie apart: the geometric mean of their pairwise distances.

    It falls when any two colours come close, so it stands for how separable the classes are under colour jitter.

    Args:
        palettes: ``[..., classes, 3]``.

    Returns:
        ``[...]``, in units of RGB in [0, 1].
    """
    first, second = np.triu_indices(palettes.shape[-2], k=1)
    distances = np.linalg.norm(palettes[..., first, :] - palettes[..., second, :], axis=-1)
    return np.exp(np.log(np.maximum(distances, 1e-9)).mean(axis=-1, dtype=np.float64))


def draw_palette(rng: np.random.Generator, *, classes: int = 10) -> Palette:
    """A random palette as separable as the paper's: its spread is within 3 % of ``spread(PAPER_PALETTE)``.

    Channels follow the arcsine law, which favours vivid colours as the paper's are, with one channel of at least 0.5
    (the paper's darkest) so that every image stays visible; palettes are drawn until one has the wanted spread.

    Args:
        rng: Where the colours come from.
        classes: Number of colours, 2 or more.
    """
    target = spread(PAPER_PALETTE)
    while True:
        tries = _bright_colours(rng, _TRIES * classes).reshape(_TRIES, classes, 3)
        fitting = np.flatnonzero(np.abs(spread(tries) / target - 1) <= _TOLERANCE)
        if len(fitting):
            return tries[fitting[0]]


def _bright_colours(rng: np.random.Generator, count: int) -> NDArray[np.float32]:
    """Vivid colours ``[count, 3]`` whose largest channel is at least 0.5."""
    colours = rng.beta(0.5, 0.5, size=(2 * count, 3)).astype(np.float32)
    return colours[colours.max(axis=1) >= _DARKEST][:count]
