"""Features of signed paths: the linear map from the image's colours that is left if every ReLU lets through.

Unlike energy, signed paths cancel: what is left is what the layers agree on. Units of a hidden layer count by the
square root of the energy that leaves them, which makes them invariant to rescaling; at the logits the mean over classes
is taken off, as softmax does.
"""

from __future__ import annotations

import numpy as np

from biasgate.detection.features.chain import Array, Link, arrives, backwards
from biasgate.detection.features.colour import colour_bands, transform
from biasgate.detection.features.named import FLOOR, TINY, Named, colour_shares
from biasgate.detection.features.path_energy import Paths


def signed_maps(links: tuple[Link, ...]) -> tuple[Array, ...]:
    """From (colour, frequency) to each layer's units: the sum over paths of W_l … W_2 K_1, kernels summed.

    ``[units, 3, frequencies]`` a layer.
    """
    maps = [transform(links[0].weight, links[0].kernel)]
    for link in links[1:]:
        maps.append(np.tensordot(link.summed, arrives(link, maps), axes=1))
    return tuple(maps)


def linear(links: tuple[Link, ...], maps: tuple[Array, ...], energy: Paths) -> Named:
    """Of each later layer's map: its shares of colour and band.

    Also how evenly its flat chroma spreads over both chroma axes, and its coherence: its power against the energy of
    the same paths.
    """
    for layer, signed in enumerate(maps[1:], start=1):
        seen = _weighed(signed, layer, energy)
        power = _by_band(seen, links[0])
        yield from colour_shares(f"linear.{layer + 1}", power)
        axes = np.linalg.svd(seen[:, 1:, 0], compute_uv=False)
        yield f"linear.{layer + 1}.chroma_rank", float(np.log(axes[1] / max(axes[0], TINY) + FLOOR))
        arriving = energy.leaving[layer] @ energy.arriving[layer][:, :, 0]
        for colour, coherence in zip(("luma", "chroma"), (power[:, 0] + TINY) / (arriving + TINY), strict=True):
            yield f"linear.{layer + 1}.coherence_{colour}", float(np.log(coherence))


def spatial(links: tuple[Link, ...], maps: tuple[Array, ...], energy: Paths) -> Named:
    """The same map with one layer's kernel positions kept apart: what is even over them, and what varies.

    A network that goes by colour sums chroma evenly over the image; one that goes by shape weighs luma differently from
    place to place. Read at the layer itself and at the logits.
    """
    last, onward = len(links) - 1, onwards(links)
    for layer, link in enumerate(links[1:], start=1):
        taps = link.weight.shape[2]
        if taps == 1:
            continue
        here = np.tensordot(link.weight, arrives(link, maps), axes=([1], [0]))
        there = np.tensordot(onward[layer], here, axes=1)
        for place, signed, at in (("layer", here, layer), ("logits", there, last)):
            seen = _weighed(signed, at, energy)
            even = seen.mean(axis=1)
            varying = (seen - even[:, None]).reshape(-1, *even.shape[1:])
            tables = {"even": taps * _by_band(even, links[0]), "varying": _by_band(varying, links[0])}
            total = sum(float(table.sum()) for table in tables.values())
            for how, table in tables.items():
                yield from colour_shares(f"spatial.{layer + 1}.{place}_{how}", table, total=total)


def onwards(links: tuple[Link, ...]) -> tuple[Array, ...]:
    """From the units of each layer to the logits, kernels summed: ``[classes, units]``."""
    return backwards(links, np.eye(len(links[-1].bias)), lambda after, link: after @ link.summed)


def _weighed(signed: Array, layer: int, energy: Paths) -> Array:
    if layer == len(energy.leaving) - 1:
        return signed - signed.mean(axis=0)
    return signed * np.sqrt(energy.leaving[layer]).reshape(-1, *[1] * (signed.ndim - 1))


def _by_band(signed: Array, first: Link) -> Array:
    """Power of ``[units, 3, frequencies]`` as a table ``[2 (luma, chroma), 3 (bands)]``."""
    return colour_bands(np.einsum("ucf,ucf->cf", signed, signed), first.kernel)
