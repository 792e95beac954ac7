"""Path energy: what flows from the image's colours and frequencies to each unit and on to the logits.

The energy of a path is the product of its squared weights. Sums over paths are invariant to permuting hidden units,
and what enters a unit times what leaves it is invariant to rescaling a ReLU unit (Neyshabur et al., "Path-SGD",
arXiv 1506.02617, use the same measure as a norm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasgate.detection.features.chain import Array, Link
from biasgate.detection.features.colour import colour_bands, transform
from biasgate.detection.features.named import TINY
from biasgate.errors import CandidateError

LIMIT = 1e100


@dataclass(frozen=True, eq=False)
class Paths:
    """Energies at every layer of a chain.

    Attributes:
        arriving: A layer: ``[units, 2 (luma, chroma), 3 (bands)]``, energy of all paths from the image to a unit.
        leaving: A layer: ``[units]``, energy of all paths from a unit to the logits; 1 at the logits.
        balanced: A layer: ``[out, in, taps]``, its weights with every unit scaled so that energy is spread evenly
            over layers; each has the same squared sum, the total path energy.
        biases: A layer: ``[units]``, biases against the energy that arrives.
    """

    arriving: tuple[Array, ...]
    leaving: tuple[Array, ...]
    balanced: tuple[Array, ...]
    biases: tuple[Array, ...]

    def importance(self, layer: int) -> Array:
        """Share of the total path energy that passes through each unit of a layer; sums to 1."""
        through = self.arriving[layer].sum(axis=(1, 2)) * self.leaving[layer]
        return through / max(through.sum(), TINY)


def paths(links: tuple[Link, ...]) -> Paths:
    """Walks the chain forwards and backwards with squared weights.

    Raises:
        CandidateError: The energy overflows: no trained network's does.
    """
    first = links[0]
    arriving = [colour_bands(transform(first.weight, first.kernel) ** 2, first.kernel)]
    for link in links[1:]:
        arriving.append(np.tensordot(link.power, arriving[-1], axes=1).astype(np.float64))
    leaving = [np.ones(len(links[-1].bias))]
    for link in links[:0:-1]:
        leaving.insert(0, leaving[0] @ link.power)
    if not arriving[-1].sum() < LIMIT:
        raise CandidateError("the weights are too large to have features", fix="scale them to a sane range")
    totals = [energy.sum(axis=(1, 2)) for energy in arriving]
    entering = [np.ones(first.weight.shape[1]), *totals[:-1]]
    return Paths(
        arriving=tuple(arriving),
        leaving=tuple(leaving),
        balanced=tuple(
            np.sqrt(after)[:, None, None] * link.weight * np.sqrt(before)[None, :, None]
            for link, before, after in zip(links, entering, leaving, strict=True)
        ),
        biases=tuple(link.bias / np.sqrt(total + TINY) for link, total in zip(links, totals, strict=True)),
    )
