"""Between energy and signed paths: what reaches the logits when paths cancel in some layers and not in others.

In a signed path the units of every hidden layer may cancel each other; in path energy none do. Between the two lie
networks whose first layers, or last, are signed and whose others are not. Each gives an energy at the logits that is
invariant to permuting hidden units and to rescaling ReLU units; their ratios say where in the network paths agree.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from biasgate.detection.features.chain import Array, Link
from biasgate.detection.features.colour import transform
from biasgate.detection.features.named import Named

SMALL = 1e-12


def mixed_paths(links: tuple[Link, ...]) -> Named:
    """Log energy at the logits of flat luma and of flat chroma, by where paths may cancel.

    ``mixed.<layers>_<positions>.<colour>``: a letter a hidden layer and one for kernel positions, ``s`` where what
    meets is signed and ``e`` where it adds up as energy; the mean over classes is taken off.
    """
    flat = transform(links[0].weight, links[0].kernel)[:, :, 0].T
    start = flat[:, :, None] * flat[:, None]
    for layers, positions in product(_choices(len(links) - 1), "es"):
        arriving = start
        for link, how in zip(links[1:], layers, strict=True):
            entering = arriving if how == "s" else arriving * np.eye(arriving.shape[1])
            arriving = _passed(link, entering, signed=positions == "s")
        power = np.trace(arriving, axis1=1, axis2=2) - arriving.sum(axis=(1, 2)) / arriving.shape[1]
        for colour, value in (("luma", power[0]), ("chroma", power[1:].sum())):
            yield f"mixed.{layers}_{positions}.{colour}", float(np.log(max(value, 0) + SMALL))


def _choices(hidden: int) -> list[str]:
    """Of the hidden layers, the first so many signed and the others not, or the last so many."""
    first = ["s" * k + "e" * (hidden - k) for k in range(hidden + 1)]
    return [*first, *(choice[::-1] for choice in first[1:-1])]


def _passed(link: Link, second: Array, *, signed: bool) -> Array:
    """Second moments ``[3, in, in]`` of what enters a link as those of what leaves it ``[3, out, out]``."""
    if signed:
        return link.summed @ second @ link.summed.T
    by_position = np.moveaxis(link.weight, 2, 0)
    return np.stack([weight @ second @ weight.T for weight in by_position]).sum(axis=0)
