"""Weights of freshly drawn networks, and the changes of units that leave what a network computes as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from biasgate.models.named_tensors import layers_of
from biasgate.models.network import build, initialise
from biasgate.models.presets import preset
from biasgate.models.weights import LayerWeights, Weights


def network_weights(name: str, seed: int) -> Weights:
    network = build(preset(name))
    generator = torch.Generator().manual_seed(seed)
    initialise(network, init="kaiming_normal", generator=generator)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    tensors = {key: value.detach().numpy() for key, value in network.state_dict().items()}
    return Weights(layers_of(tensors, where=name), digest="sha256:0")


def scaled(layer: LayerWeights, units: np.ndarray, *, axis: int) -> LayerWeights:
    """Multiplies the units of a layer's output (axis 0) or input channels (axis 1; flattened positions included)."""
    weight = layer.weight.reshape(len(layer.weight), -1 if axis == 0 else len(units), *([-1] if axis else []))
    shape = (-1, 1) if axis == 0 else (1, -1, 1)
    changed = (weight * units.reshape(shape)).reshape(layer.weight.shape).astype(np.float32)
    bias = layer.bias * units if axis == 0 else layer.bias
    return replace(layer, weight=changed, bias=bias.astype(np.float32))


def permuted(layer: LayerWeights, order: np.ndarray, *, axis: int) -> LayerWeights:
    if axis == 0:
        return replace(layer, weight=layer.weight[order], bias=layer.bias[order])
    split = layer.weight.reshape(len(layer.weight), len(order), -1)
    return replace(layer, weight=split[:, order].reshape(layer.weight.shape))
