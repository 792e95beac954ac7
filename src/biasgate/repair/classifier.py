"""The network under repair, seen from stored samples; importing this module imports torch."""

from __future__ import annotations

import copy

import torch
from torch import Tensor, nn

from biasgate.models.card import InputContract
from biasgate.models.network import Network


class PixelClassifier(nn.Module):
    """The network behind its input contract: pixels in [0, 1] to logits, so that attacks can keep to valid images.

    Rows of features are taken as they are stored.

    Args:
        network: Shared, not copied: training this trains it.
        contract: Of 8-bit images, channels first, or of rows.
    """

    def __init__(self, network: Network, contract: InputContract) -> None:
        super().__init__()
        self.network = network
        self.contract = contract
        rows = contract.layout == "rows"
        channels = (-1,) if rows else (-1, 1, 1)
        self.scale = contract.scale * (1 if rows else 255)
        self.register_buffer("mean", torch.tensor(contract.mean).view(channels))
        self.register_buffer("std", torch.tensor(contract.std).view(channels))
        layers = list(network.layers)
        activations = (index for index, layer in enumerate(layers) if isinstance(layer, nn.ReLU))
        self.early_depth = next(activations, 0) + 1

    def standardise(self, pixels: Tensor) -> Tensor:
        """What the network takes."""
        return (pixels * self.scale - self.get_buffer("mean")) / self.get_buffer("std")

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits ``[n, classes]`` of pixels ``[n, channels, height, width]``."""
        return self.network(self.standardise(pixels))

    def features(self, pixels: Tensor) -> Tensor:
        """What reaches the last layer, ``[n, features]``."""
        return self.network.layers[:-1](self.standardise(pixels))

    def early(self, pixels: Tensor) -> Tensor:
        """The network's first activations, averaged over the image where they still are one: ``[n, filters]``."""
        activations = self.network.layers[: self.early_depth](self.standardise(pixels))
        return activations.reshape(*activations.shape[:2], -1).mean(dim=2)

    def over(self, network: Network) -> PixelClassifier:
        """Another network behind the same contract."""
        return PixelClassifier(network, self.contract)

    def copied(self) -> PixelClassifier:
        """The same with its own copy of the network, to be trained."""
        return self.over(copy.deepcopy(self.network))
