"""The layout of a network: its layers' kinds and shapes, and features by the role of a layer instead of its number."""

from __future__ import annotations

import math
import re
from collections import defaultdict

from biasgate.models.weights import Weights

_NUMBERED = re.compile(r"(?P<head>[a-z_.]+)\.(?P<layer>\d+)(?P<tail>\.[a-z_.]+)?")


def layout(weights: Weights) -> str:
    """The layers' kinds and shapes in words, such as ``conv 16×3×5×5, dense 10×400``: what a reader has to know.

    Where they do not lie in a row, what each takes too: ``conv 16×16×3×3 of relu(1+2)``.
    """
    shapes = [f"{layer.kind} {'×'.join(map(str, layer.weight.shape))}" for layer in weights.layers]
    if weights.wiring:
        shapes = [f"{shape} of {flow.words}" for shape, flow in zip(shapes, weights.wiring, strict=True)]
    return ", ".join(shapes)


def shapes(layout: str) -> str:
    """A layout without what its layers take: all that named tensors tell of it."""
    return re.sub(r" of [^,]+", "", layout)


def parameters(layout: str) -> int:
    """Weights of a network of that layout, biases left out."""
    shapes = (layer.split(" ")[1].split("×") for layer in layout.split(", "))
    return sum(math.prod(map(int, shape)) for shape in shapes)


def by_role(features: dict[str, float]) -> dict[str, float]:
    """Features by the role of their layer instead of its number: ``first``, ``middle``, ``last``.

    ``linear.4.chroma_rank`` of a network of four layers becomes ``linear.last.chroma_rank``; the middle is the mean of
    all layers between. Features of the whole network keep their names. Roles that a network lacks are absent.

    Args:
        features: Features of one model, from ``invariant_features``; layers count from 1.
    """
    numbered = {name: match for name in features if (match := _NUMBERED.fullmatch(name))}
    depth = max((int(match["layer"]) for match in numbered.values()), default=0)
    values: defaultdict[str, list[float]] = defaultdict(list)
    for name, value in features.items():
        if match := numbered.get(name):
            layer = int(match["layer"])
            role = "first" if layer == 1 else "last" if layer == depth else "middle"
            name = f"{match['head']}.{role}{match['tail'] or ''}"
        values[name].append(value)
    return {name: sum(found) / len(found) for name, found in values.items()}
