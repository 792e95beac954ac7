"""The layout of a network: its layers' kinds and shapes."""

from __future__ import annotations

from biasgate.models.weights import Weights


def layout(weights: Weights) -> str:
    """The layers' kinds and shapes in words, such as ``conv 16×3×5×5, dense 10×400``: what a reader has to know."""
    return ", ".join(f"{layer.kind} {'×'.join(map(str, layer.weight.shape))}" for layer in weights.layers)
