"""Networks built from declared architectures; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Generator, Tensor, nn

from biasgate.models.architecture import Architecture
from biasgate.models.chain import leaves
from biasgate.models.initialisation import Init
from biasgate.models.shapes import placed


class Network(nn.Module):
    """The layers in order, ``[n, *input]`` to logits ``[n, classes]``; parameters are named ``layers.<i>.weight``.

    Attributes:
        architecture: What was declared.
        layers: Its layers' modules.
    """

    def __init__(self, architecture: Architecture, layers: Sequence[nn.Module]) -> None:
        super().__init__()
        self.architecture, self.layers = architecture, nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """Logits ``[n, classes]``."""
        return self.layers(x)


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
