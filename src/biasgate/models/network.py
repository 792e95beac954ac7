"""Networks built from declared architectures; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.chain import leaves
from biasgate.models.initialisation import Init
from biasgate.models.shapes import placed
from biasgate.models.torch_network import TorchNetwork


class Network(TorchNetwork):
    """The layers in order, ``[n, *input]`` to logits ``[n, classes]``; parameters are named ``layers.<i>.weight``.

    Attributes:
        architecture: What was declared.
        layers: Its layers' modules.
    """

    def __init__(self, architecture: Architecture, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.architecture, self.layers = architecture, nn.Sequential(*layers)
        bends = (place for place, layer in enumerate(layers) if isinstance(layer, nn.ReLU))
        self._early = next(bends, 0) + 1

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, classes]``."""
        return self.layers(x)

    def features(self, x: Tensor) -> Tensor:
        """What reaches the last layer, ``[n, features]``."""
        return self.layers[:-1](x)

    def early(self, x: Tensor) -> Tensor:
        """What the first rectifier gives, or the first layer where there is none."""
        return self.layers[: self._early](x)

    def head(self) -> tuple[Tensor, Tensor]:
        """Of the last layer."""
        weight, bias = self.head_parameters()
        return weight.detach().clone(), bias.detach().clone()

    def set_head(self, weight: Tensor, bias: Tensor) -> None:
        """Of the last layer."""
        with torch.no_grad():
            for old, new in zip(self.head_parameters(), (weight, bias), strict=True):
                old.copy_(new)

    def head_parameters(self) -> list[nn.Parameter]:
        """Weight and bias of the last layer."""
        last = self.layers[-1]
        if not isinstance(last, nn.Linear):
            raise CandidateError(
                f"the last layer is a {type(last).__name__}, not linear",
                fix="use a method that trains the whole network",
            )
        return list(last.parameters())

    def redraw(self, *, seed: int) -> None:
        """By ``initialise``."""
        initialise(self, init="kaiming_uniform", generator=Generator().manual_seed(seed))


def build(architecture: Architecture) -> Network:
    """The declared network with torch's default initialisation.

    Raises:
        InputError: A layer does not fit what reaches it, or the last gives no logits; names the layer.
    """
    return Network(architecture, [part.layer.module(part.before) for part in placed(architecture)])


def initialise(network: Network, *, init: Init, generator: Generator) -> None:
    """Draws every layer's weights anew.

    Args:
        network: Changed in place.
        init: See ``initialisation``.
        generator: Source of all randomness: equal generators give equal weights.
    """
    for leaf in leaves(placed(network.architecture)):
        leaf.layer.initialise(network.get_submodule(leaf.name), init=init, generator=generator)


def drawn(architecture: Architecture, *, init: Init, seed: int) -> Network:
    """The declared network before its first step; its weights follow from the seed.

    Raises:
        InputError: See ``build``.
    """
    network = build(architecture)
    initialise(network, init=init, generator=Generator().manual_seed(seed))
    return network


def parameter_count(module: nn.Module) -> int:
    """Trainable numbers."""
    return sum(parameter.numel() for parameter in module.parameters())
