"""How steeply logits tell colours apart: the flat signed path to each class, as a point in colour space.

Where class c wears a colour around μ_c with variance σ², the best logits are linear in colour, with slopes μ_c/σ²
(linear discriminant analysis): the less the colours scatter, the farther apart the slopes of two classes lie. Sizes
are absolute here, other than in ``signed_paths``, whose shares say how much of a network goes by colour.
"""

from __future__ import annotations

import numpy as np

from biasgate.detection.features.chain import Array
from biasgate.detection.features.named import Named

SMALL = 1e-9
SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


def class_colours(name: str, signed: Array) -> Named:
    """Of the map ``[classes, 3, frequencies]`` to the logits, its flat part: distances, sizes and singular values.

    All are logarithms: over pairs of classes, mean and quantiles of the distance in colour and in chroma alone; over
    classes, mean and spread of the distance to the nearest, and quantiles of the size. They are invariant to the order
    of classes and to what all logits share.
    """
    slopes = signed[:, :, 0] - signed[:, :, 0].mean(axis=0)
    for what, seen in (("colour", slopes), ("chroma", slopes[:, 1:])):
        between = np.linalg.norm(seen[:, None] - seen, axis=2)
        apart = np.log(between[np.triu_indices(len(seen), k=1)] + SMALL)
        yield f"{name}.{what}_apart", float(apart.mean())
        yield from _quantiles(f"{name}.{what}_apart", apart)
        for place, value in enumerate(np.linalg.svd(seen, compute_uv=False)):
            yield f"{name}.{what}_axis_{place + 1}", float(np.log(value + SMALL))
    nearest = np.linalg.norm(slopes[:, None] - slopes, axis=2) + np.diag(np.full(len(slopes), np.inf))
    nearest = np.log(nearest.min(axis=1) + SMALL)
    yield f"{name}.nearest.mean", float(nearest.mean())
    yield f"{name}.nearest.sd", float(nearest.std())
    yield from _quantiles(f"{name}.size", np.log(np.linalg.norm(slopes, axis=1) + SMALL))


def _quantiles(name: str, values: Array) -> Named:
    for share, value in zip(SHARES, np.quantile(values, SHARES).tolist(), strict=True):
        yield f"{name}_q{round(100 * share)}", value
