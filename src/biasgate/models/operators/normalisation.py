"""Normalisations and softmax; importing this module imports torch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from biasgate.models.operator import Node, operator


@operator("BatchNormalization", learns=(1, 2))
def batch(node: Node, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
    """By stored means and variances, as a model that infers."""
    if node.outputs > 1 or node.get("training_mode", 0):
        raise ValueError("a batch normalisation that still learns its means")
    return functional.batch_norm(x, mean, variance, scale, bias, training=False, eps=node.get("epsilon", 1e-5))


@operator("LayerNormalization", learns=(1, 2))
def layer(node: Node, x: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
    """Over the last axes, from ``axis`` on."""
    if node.outputs > 1:
        raise ValueError("a layer normalisation that also gives its means")
    shape = x.shape[node.get("axis", -1) % x.ndim :]
    found = functional.layer_norm(x, shape, eps=node.get("epsilon", 1e-5)) * scale
    return found if bias is None else found + bias


@operator("RMSNormalization", "SimplifiedLayerNormalization", learns=(1,))
def root_mean_square(node: Node, x: Tensor, scale: Tensor) -> Tensor:
    """By the root of the mean square over the last axes."""
    axes = tuple(range(node.get("axis", -1) % x.ndim, x.ndim))
    return x * torch.rsqrt(x.square().mean(dim=axes, keepdim=True) + node.get("epsilon", 1e-5)) * scale


@operator("InstanceNormalization", learns=(1, 2))
def instance(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Each channel of each sample by itself."""
    return functional.instance_norm(x, weight=scale, bias=bias, eps=node.get("epsilon", 1e-5))


@operator("GroupNormalization", learns=(1, 2))
def group(node: Node, x: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Groups of channels of each sample; before version 21 scale and bias are one a group."""
    groups = node.get("num_groups")
    if node.opset < 21:
        scale, bias = (value.repeat_interleave(x.shape[1] // groups) for value in (scale, bias))
    return functional.group_norm(x, groups, scale, bias, eps=node.get("epsilon", 1e-5))


@operator("LpNormalization")
def unit(node: Node, x: Tensor) -> Tensor:
    """To length one along an axis."""
    length = x.norm(p=node.get("p", 2), dim=node.get("axis", -1), keepdim=True)
    return x / torch.where(length == 0, 1.0, length)


@operator("LRN")
def local_response(node: Node, x: Tensor) -> Tensor:
    """By the squares of neighbouring channels."""
    numbers = node.get("alpha", 1e-4), node.get("beta", 0.75), node.get("bias", 1.0)
    return functional.local_response_norm(x, node.get("size"), *numbers)


@operator("Softmax", "LogSoftmax")
def softmax(node: Node, x: Tensor) -> Tensor:
    """Along an axis; before version 13 over all axes from it on."""
    function = torch.softmax if node.kind == "Softmax" else torch.log_softmax
    if node.opset >= 13:
        return function(x, dim=node.get("axis", -1))
    axis = node.get("axis", 1) % x.ndim
    return function(x.flatten(axis), dim=axis).reshape(x.shape)
