"""Networks built from declared architectures; importing this module imports torch."""

from __future__ import annotations

from torch import Generator, Tensor, nn

from biasgate.errors import InputError
from biasgate.models.architecture import (
    Architecture,
    Conv,
    Dense,
    Dropout,
    Flatten,
    Init,
    Layer,
    Norm,
    Pool,
    Relu,
    Residual,
)
from biasgate.models.shapes import Shape, layer_shape, layer_shapes


class Network(nn.Module):
    """The layers in order, ``[n, *input]`` to logits ``[n, classes]``; parameters are named ``layers.<i>.weight``."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, classes]``."""
        return self.layers(x)


class ResidualBlock(nn.Module):
    """``body(x) + skip(x)``; ``skip`` is the identity, or a 1×1 convolution when the body changes the shape."""

    def __init__(self, body: list[nn.Module], skip: nn.Module) -> None:
        super().__init__()
        self.body = nn.Sequential(*body)
        self.skip = skip

    def forward(self, x: Tensor) -> Tensor:
        """The sum, of the body's shape."""
        return self.body(x) + self.skip(x)


def build(architecture: Architecture) -> Network:
    """The declared network with torch's default initialisation.

    Raises:
        InputError: A layer does not fit what reaches it, or the last is not dense; names the layer.
    """
    shapes = layer_shapes(architecture)
    return Network(
        [
            _module(layer, shape, where=f"{architecture.name}, layers.{index}")
            for index, (layer, shape) in enumerate(zip(architecture.layers, shapes, strict=False))
        ]
    )


def initialise(module: nn.Module, *, init: Init, generator: Generator) -> None:
    """Draws every convolution's and dense layer's weight anew.

    Args:
        module: Changed in place.
        init: He et al. 2015 (``kaiming``) or Glorot and Bengio 2010 (``xavier``), for ReLU units and with biases of
            zero; or ``torch``, what PyTorch does by itself: weights and biases uniform within 1/√inputs.
        generator: Source of all randomness: equal generators give equal weights.
    """
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.Linear):
            bound = part.weight[0].numel() ** -0.5
            match init:
                case "torch":
                    nn.init.uniform_(part.weight, -bound, bound, generator=generator)
                case "kaiming_uniform":
                    nn.init.kaiming_uniform_(part.weight, nonlinearity="relu", generator=generator)
                case "kaiming_normal":
                    nn.init.kaiming_normal_(part.weight, nonlinearity="relu", generator=generator)
                case "xavier_uniform":
                    gain = nn.init.calculate_gain("relu")
                    nn.init.xavier_uniform_(part.weight, gain=gain, generator=generator)
            if part.bias is not None:  # pyright: ignore[reportUnnecessaryComparison]
                if init == "torch":
                    nn.init.uniform_(part.bias, -bound, bound, generator=generator)
                else:
                    nn.init.zeros_(part.bias)


def parameter_count(module: nn.Module) -> int:
    """Trainable numbers."""
    return sum(parameter.numel() for parameter in module.parameters())


def _module(layer: Layer, shape: Shape, *, where: str) -> nn.Module:
    match layer:
        case Conv():
            return nn.Conv2d(
                shape[0],
                layer.out,
                layer.kernel,
                stride=layer.stride,
                padding=layer.padding,
                dilation=layer.dilation,
            )
        case Pool(how="max"):
            return nn.MaxPool2d(layer.size)
        case Pool(how="mean"):
            return nn.AvgPool2d(layer.size)
        case Pool():
            return nn.AdaptiveAvgPool2d(1)
        case Norm():
            return nn.BatchNorm2d(shape[0])
        case Relu():
            return nn.ReLU()
        case Flatten():
            return nn.Flatten()
        case Dense():
            return nn.Linear(shape[0], layer.out)
        case Dropout():
            return nn.Dropout(layer.rate)
        case Residual():
            return _residual(layer, shape, where=where)


def _residual(layer: Residual, shape: Shape, *, where: str) -> nn.Module:
    body: list[nn.Module] = []
    after = shape
    for index, part in enumerate(layer.body):
        place = f"{where}.body.{index}"
        body.append(_module(part, after, where=place))
        after = layer_shape(part, after, where=place)
    return ResidualBlock(body, _skip(shape, after, where=where))


def _skip(before: Shape, after: Shape, *, where: str) -> nn.Module:
    if before == after:
        return nn.Identity()
    stride = -(-before[1] // after[1])
    projection = Conv(out=after[0], kernel=1, stride=min(stride, 8))
    if layer_shape(projection, before, where=where) != after:
        raise InputError(
            f"no strided 1×1 convolution turns {before} into {after}",
            where=where,
            fix="pad the body's convolutions so that they only divide the size",
        )
    return _module(projection, before, where=where)
