"""Functions of one number, or of several that are broadcast; importing this module imports torch."""

from __future__ import annotations

from functools import partial, reduce
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from biasgate.models.operator import Node, bounded, operator

_UNARY = {
    "Abs": torch.abs, "Acos": torch.acos, "Asin": torch.asin, "Atan": torch.atan, "Ceil": torch.ceil, "Cos": torch.cos,
    "Cosh": torch.cosh, "Erf": torch.erf, "Exp": torch.exp, "Floor": torch.floor, "HardSwish": functional.hardswish,
    "IsNaN": torch.isnan, "Log": torch.log, "Mish": functional.mish, "Neg": torch.neg, "Not": torch.logical_not,
    "Reciprocal": torch.reciprocal, "Relu": torch.relu, "Round": torch.round, "Sigmoid": torch.sigmoid,
    "Sign": torch.sign, "Sin": torch.sin, "Sinh": torch.sinh, "Softplus": functional.softplus,
    "Softsign": functional.softsign, "Sqrt": torch.sqrt, "Tan": torch.tan, "Tanh": torch.tanh,
}  # fmt: skip
_BINARY = {
    "And": torch.logical_and, "BitwiseAnd": torch.bitwise_and, "Equal": torch.eq, "Greater": torch.gt,
    "GreaterOrEqual": torch.ge, "Less": torch.lt, "LessOrEqual": torch.le, "Or": torch.logical_or,
    "Pow": torch.pow, "Sub": torch.sub, "Xor": torch.logical_xor,
}  # fmt: skip


def _unary(function: Any, node: Node, x: Tensor) -> Tensor:  # noqa: ARG001
    return function(x)


def _binary(function: Any, node: Node, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    return function(*_broadcast(a, b))


def _broadcast(*values: Tensor) -> tuple[Tensor, ...]:
    bounded(torch.broadcast_shapes(*(value.shape for value in values)))
    return values


for _name, _function in _UNARY.items():
    operator(_name)(partial(_unary, _function))
for _name, _function in _BINARY.items():
    operator(_name)(partial(_binary, _function))


@operator("Add", learns=(0, 1))
def add(node: Node, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    """A + b; a stored one is a bias."""
    return torch.add(*_broadcast(a, b))


@operator("Mul", learns=(0, 1))
def multiply(node: Node, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    """A · b; a stored one is a gain."""
    return torch.mul(*_broadcast(a, b))


@operator("Div")
def divide(node: Node, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    """A / b; of whole numbers towards zero."""
    a, b = _broadcast(a, b)
    whole = not (a.is_floating_point() or b.is_floating_point())
    return torch.div(a, b, rounding_mode="trunc" if whole else None)


@operator("Mod")
def remainder(node: Node, a: Tensor, b: Tensor) -> Tensor:
    """The remainder, with the sign of b, or of a."""
    return (torch.fmod if node.get("fmod", 0) else torch.remainder)(*_broadcast(a, b))


@operator("Where")
def where(node: Node, condition: Tensor, a: Tensor, b: Tensor) -> Tensor:  # noqa: ARG001
    """A where the condition holds, else b."""
    return torch.where(*_broadcast(condition, a, b))


@operator("Sum", "Mean", "Max", "Min")
def together(node: Node, *values: Tensor) -> Tensor:
    """Sum, mean, largest or smallest of several tensors."""
    pair = {"Max": torch.maximum, "Min": torch.minimum}.get(node.kind, torch.add)
    found = reduce(lambda a, b: pair(*_broadcast(a, b)), values)
    return found / len(values) if node.kind == "Mean" else found


@operator("Identity", "Dropout")
def identity(node: Node, x: Tensor, *_: Tensor | None) -> Tensor | tuple[Tensor, ...]:
    """x: a model that infers drops nothing out."""
    return (x, torch.ones_like(x, dtype=torch.bool)) if node.outputs > 1 else x


@operator("Clip")
def clip(node: Node, x: Tensor, low: Tensor | None = None, high: Tensor | None = None) -> Tensor:
    """X kept between two numbers."""
    bounds = node.numbers("min", low), node.numbers("max", high)
    return x if bounds == (None, None) else x.clamp(*bounds)


@operator("LeakyRelu", "Elu", "Celu", "Selu", "ThresholdedRelu", "HardSigmoid", "Shrink")
def bent(node: Node, x: Tensor) -> Tensor:
    """Activations with numbers of their own."""
    match node.kind:
        case "LeakyRelu":
            return functional.leaky_relu(x, node.get("alpha", 0.01))
        case "Elu":
            return functional.elu(x, node.get("alpha", 1.0))
        case "Celu":
            return functional.celu(x, node.get("alpha", 1.0))
        case "Selu":
            alpha, gamma = node.get("alpha", 1.6732632), node.get("gamma", 1.050701)
            return gamma * functional.elu(x, alpha)
        case "ThresholdedRelu":
            return torch.where(x > node.get("alpha", 1.0), x, 0.0)
        case "HardSigmoid":
            return (node.get("alpha", 0.2) * x + node.get("beta", 0.5)).clamp(0, 1)
        case _:
            limit, bias = node.get("lambd", 0.5), node.get("bias", 0.0)
            return torch.where(x < -limit, x + bias, torch.where(x > limit, x - bias, 0.0))


@operator("Gelu", "com.microsoft.Gelu")
def gelu(node: Node, x: Tensor) -> Tensor:
    """X Φ(x), or its approximation by a hyperbolic tangent."""
    return functional.gelu(x, approximate=node.get("approximate", "none"))


@operator("PRelu", learns=(1,))
def rectify(node: Node, x: Tensor, slope: Tensor) -> Tensor:  # noqa: ARG001
    """x, and a learned slope below zero."""
    return torch.where(x < 0, torch.mul(*_broadcast(x, slope)), x)
