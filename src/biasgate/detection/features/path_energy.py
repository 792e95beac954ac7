"""Path energy: what flows from the image's colours and frequencies to each unit and on to the logits.

The energy of a path is the product of its squared weights. Sums over paths are invariant to permuting hidden units,
and what enters a unit times what leaves it is invariant to rescaling a ReLU unit (Neyshabur et al., "Path-SGD",
arXiv 1506.02617, use the same measure as a norm).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from biasgate.detection.features.chain import Array, Link, arrives, backwards
from biasgate.detection.features.colour import colour_bands, transform
from biasgate.detection.features.named import TINY, Named, colour_shares, entropy, log_odds, moments
from biasgate.errors import CandidateError

LIMIT = 1e100
SIZES, MATTERS = (1e-24, 1e24), 1e-6
"""Energies at the logits that are some network's, and, where they are, of hidden units that such a share passes; as
large a share of all passes each layer."""


@dataclass(frozen=True, eq=False)
class Paths:
    """Energies at every layer.

    Attributes:
        arriving: A layer: ``[units, 2 (luma, chroma), 3 (bands)]``, energy of all paths from the image to a unit.
        leaving: A layer: ``[units]``, energy of all paths from a unit to the logits; 1 at the logits.
        balanced: A layer: ``[out, in, taps]``, its weights with every unit scaled so that energy is spread evenly
            over layers; each has as squared sum the energy of the paths through it, in a chain that of all.
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
    """Walks the links forwards and backwards with squared weights.

    Raises:
        CandidateError: The energy overflows, sizes of weights cancel between layers, or a branch carries nothing: no
            trained network's do.
    """
    first = links[0]
    arriving = [colour_bands(transform(first.weight, first.kernel) ** 2, first.kernel)]
    for link in links[1:]:
        arriving.append(np.tensordot(link.power, arrives(link, arriving), axes=1).astype(np.float64))
    leaving = backwards(links, np.ones(len(links[-1].bias)), lambda after, link: after @ link.power)
    if not arriving[-1].sum() < LIMIT:
        raise CandidateError("the weights are too large to have features", fix="scale them to a sane range")
    totals = [energy.sum(axis=(1, 2)) for energy in arriving]
    _check_sizes(totals, leaving)
    entering = [np.ones(first.weight.shape[1]), *(arrives(link, totals) for link in links[1:])]
    return Paths(
        arriving=tuple(arriving),
        leaving=leaving,
        balanced=tuple(
            np.sqrt(after)[:, None, None] * link.weight * np.sqrt(before)[None, :, None]
            for link, before, after in zip(links, entering, leaving, strict=True)
        ),
        biases=tuple(link.bias / np.sqrt(total + TINY) for link, total in zip(links, totals, strict=True)),
    )


def _check_sizes(totals: list[Array], leaving: tuple[Array, ...]) -> None:
    low, high = SIZES
    if not low <= totals[-1].sum() <= high:
        return
    for total, after in zip(totals, leaving, strict=True):
        if not total @ after > MATTERS * totals[-1].sum():
            raise CandidateError("a layer passes next to nothing on to the logits: it says nothing of them")
        matter = total[total * after > MATTERS * (total @ after)]
        if matter.min() < low or matter.max() > high:
            raise CandidateError("huge and tiny weights cancel between layers", fix="scale units to a sane range")


def path(energy: Paths) -> Named:
    """Shares of the energy at the logits that start in luma or chroma, a band each; all of chroma; the total."""
    at_logits = energy.arriving[-1].sum(axis=0)
    total = float(at_logits.sum())
    yield from colour_shares("path", at_logits)
    yield "path.chroma", float(log_odds(at_logits[1].sum() / max(total, TINY)))
    yield "path.total", float(np.log(total + TINY))


def selectivity(energy: Paths) -> Named:
    """Over units, weighted by importance: how much of what arrives is chroma, and how much is flat."""
    for layer, arriving in enumerate(energy.arriving, start=1):
        total = arriving.sum(axis=(1, 2)) + TINY
        importance = energy.importance(layer - 1)
        yield from moments(f"selectivity.chroma.{layer}", log_odds(arriving[:, 1].sum(axis=1) / total), importance)
        yield from moments(f"selectivity.flat.{layer}", log_odds(arriving[:, :, 0].sum(axis=1) / total), importance)


def kernel(energy: Paths) -> Named:
    """Of each later layer's balanced weights: the share that inhibits, and the share of flat kernels."""
    for layer, balanced in enumerate(energy.balanced[1:], start=2):
        power = max(float((balanced**2).sum()), TINY)
        yield f"kernel.inhibition.{layer}", float((balanced**2 * (balanced < 0)).sum()) / power
        if (taps := balanced.shape[2]) > 1:
            yield f"kernel.flat.{layer}", float(log_odds((balanced.sum(axis=2) ** 2).sum() / taps / power))


def bias(energy: Paths) -> Named:
    """Biases against the energy that arrives, over units, weighted by importance."""
    for layer, biases in enumerate(energy.biases, start=1):
        yield from moments(f"bias.{layer}", biases, energy.importance(layer - 1))


def squared_singular_values(matrix: Array) -> Array:
    """Ascending, exact to machine precision of the largest: from the smaller Gram matrix, several times faster."""
    gram = matrix @ matrix.T if len(matrix) < matrix.shape[1] else matrix.T @ matrix
    return np.maximum(np.linalg.eigvalsh(gram), 0).astype(np.float64)


def spectrum(energy: Paths) -> Named:
    """Stable rank and spectral entropy of the balanced weights; entropy of the units' importance."""
    for layer, balanced in enumerate(energy.balanced, start=1):
        powers = squared_singular_values(balanced.reshape(len(balanced), -1))
        powers /= max(float(powers.sum()), TINY)
        yield f"spectrum.stable_rank.{layer}", float(-np.log(powers[-1] + TINY))
        yield f"spectrum.entropy.{layer}", entropy(powers)
        yield f"spectrum.units.{layer}", entropy(energy.importance(layer - 1))
