"""The layout of a network: its layers' kinds and shapes."""

from __future__ import annotations

import math

from biasgate.models.weights import Weights


def layout(weights: Weights) -> str:
    """The layers' kinds and shapes in words, such as ``conv 16×3×5×5, dense 10×400``: what a reader has to know."""
    return ", ".join(f"{layer.kind} {'×'.join(map(str, layer.weight.shape))}" for layer in weights.layers)


def parameters(layout: str) -> int:
    """Weights of a network of that layout, biases left out."""
    shapes = (layer.split(" ")[1].split("×") for layer in layout.split(", "))
    return sum(math.prod(map(int, shape)) for shape in shapes)
