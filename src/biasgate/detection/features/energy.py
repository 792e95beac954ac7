"""Features of path energy: where it starts, which units take it in, how the later layers carry it."""

from __future__ import annotations

import numpy as np

from biasgate.detection.features.chain import Array
from biasgate.detection.features.named import TINY, Named, colour_shares, entropy, log_odds, moments
from biasgate.detection.features.paths import Paths


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
