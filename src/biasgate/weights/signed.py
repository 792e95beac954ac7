"""Features of signed paths: the linear map from the image's colours that is left if every ReLU lets through.

Unlike energy, signed paths cancel: what is left is what the layers agree on. Units of a hidden layer count by the
square root of the energy that leaves them, which makes them invariant to rescaling; at the logits the mean over classes
is taken off, as softmax does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from biasgate.weights.chain import Array, Link
from biasgate.weights.colour import BANDS, bands, transform
from biasgate.weights.describe import FLOOR, TINY, Named, colour_shares
from biasgate.weights.paths import Paths


def linear(links: tuple[Link, ...], energy: Paths) -> Named:
    """M = W_l … W_2 K_1, kernels summed, for each later layer l.

    Its shares of colour and band; how evenly its flat chroma spreads over both chroma axes; its coherence: its power
    against the energy of the same paths.
    """
    for layer, entering in _entering(links):
        signed = np.tensordot(links[layer].weight.sum(axis=2), entering, axes=1)
        seen = _weighed(signed, layer, energy)
        power = _by_band(seen, links[0])
        yield from colour_shares(f"linear.{layer + 1}", power)
        axes = np.linalg.svd(seen[:, 1:, 0], compute_uv=False)
        yield f"linear.{layer + 1}.chroma_rank", float(np.log(axes[1] / max(axes[0], TINY) + FLOOR))
        arriving = (energy.arriving[layer][:, :, 0] * energy.leaving[layer][:, None]).sum(axis=0)
        for colour, coherence in zip(("luma", "chroma"), (power[:, 0] + TINY) / (arriving + TINY), strict=True):
            yield f"linear.{layer + 1}.coherence_{colour}", float(np.log(coherence))


def spatial(links: tuple[Link, ...], energy: Paths) -> Named:
    """The same map with one layer's kernel positions kept apart: what is even over them, and what varies.

    A network that goes by colour sums chroma evenly over the image; one that goes by shape weighs luma differently from
    place to place. Read at the layer itself and at the logits.
    """
    last = len(links) - 1
    for layer, entering in _entering(links):
        taps = links[layer].weight.shape[2]
        if taps == 1:
            continue
        here = np.einsum("uit,icf->utcf", links[layer].weight, entering)
        there = here
        for link in links[layer + 1 :]:
            there = np.tensordot(link.weight.sum(axis=2), there, axes=1)
        for place, signed, at in (("layer", here, layer), ("logits", there, last)):
            seen = _weighed(signed, at, energy)
            even = seen.mean(axis=1)
            varying = (seen - even[:, None]).reshape(-1, *even.shape[1:])
            tables = {"even": taps * _by_band(even, links[0]), "varying": _by_band(varying, links[0])}
            total = sum(float(table.sum()) for table in tables.values())
            for how, table in tables.items():
                yield from colour_shares(f"spatial.{layer + 1}.{place}_{how}", table, total=total)


def _entering(links: tuple[Link, ...]) -> Iterator[tuple[int, Array]]:
    """The signed map from (colour, frequency) that enters each later layer: ``[units, 3, frequencies]``."""
    first = links[0]
    kernels = transform(first.weight.reshape(*first.weight.shape[:2], *first.kernel))
    signed = kernels.reshape(*kernels.shape[:2], -1)
    for layer, link in enumerate(links[1:], start=1):
        yield layer, signed
        signed = np.tensordot(link.weight.sum(axis=2), signed, axes=1)


def _weighed(signed: Array, layer: int, energy: Paths) -> Array:
    if layer == len(energy.leaving) - 1:
        return signed - signed.mean(axis=0)
    return signed * np.sqrt(energy.leaving[layer]).reshape(-1, *[1] * (signed.ndim - 1))


def _by_band(signed: Array, first: Link) -> Array:
    """Power of ``[units, 3, frequencies]`` as a table ``[2 (luma, chroma), 3 (bands)]``."""
    power = (signed**2).sum(axis=0)
    band = bands(*first.kernel).ravel()
    by_band = np.stack([power[:, band == index].sum(axis=1) for index in range(len(BANDS))], axis=1)
    return np.stack([by_band[0], by_band[1:].sum(axis=0)])
