"""The network under repair, seen from stored samples; importing this module imports torch."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from biasgate.models.card import InputContract
from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.budget import still_allowed

PART = 1 << 22
"""Most values of samples that go through a network at once: 512 coloured digits of 28 pixels, or 27 photographs."""


class PixelClassifier(nn.Module):
    """The network behind its input contract: pixels in [0, 1] to logits, so that attacks can keep to valid images.

    Rows of features are taken as they are stored. Where no gradients are kept, samples go through in parts.

    Args:
        network: Shared, not copied: training this trains it.
        contract: Of 8-bit images, or of rows.
    """

    def __init__(self, network: TorchNetwork, contract: InputContract) -> None:
        super().__init__()
        self.network = network
        self.contract = contract
        rows = contract.layout == "rows"
        channels = (-1,) if rows else (-1, 1, 1)
        self.scale = contract.scale * (1 if rows else 255)
        self.register_buffer("mean", torch.tensor(contract.mean).view(channels))
        self.register_buffer("std", torch.tensor(contract.std).view(channels))

    def standardise(self, pixels: Tensor) -> Tensor:
        """What the network takes."""
        inputs = (pixels * self.scale - self.get_buffer("mean")) / self.get_buffer("std")
        return inputs.permute(0, 2, 3, 1) if self.contract.layout == "NHWC" else inputs

    def forward(self, pixels: Tensor) -> Tensor:
        """Logits ``[n, classes]`` of pixels ``[n, channels, height, width]``."""
        return self._of(self.network, pixels)

    def features(self, pixels: Tensor) -> Tensor:
        """What reaches the last layer, ``[n, features]``."""
        return self._of(self.network.features, pixels)

    def early(self, pixels: Tensor) -> Tensor:
        """The network's first activations, averaged over the image where they still are one: ``[n, filters]``."""
        return self._of(lambda inputs: _averaged(self.network.early(inputs)), pixels)

    def over(self, network: TorchNetwork) -> PixelClassifier:
        """Another network behind the same contract."""
        return PixelClassifier(network, self.contract)

    def copied(self) -> PixelClassifier:
        """The same with its own copy of the network, to be trained."""
        return self.over(copy.deepcopy(self.network))

    def _of(self, function: Callable[[Tensor], Tensor], pixels: Tensor) -> Tensor:
        still_allowed()
        size = max(1, PART // max(1, pixels[:1].numel()))
        if torch.is_grad_enabled() or len(pixels) <= size:
            return function(self.standardise(pixels))
        found = list[Tensor]()
        for part in pixels.split(size):
            still_allowed()
            found.append(function(self.standardise(part)))
        return torch.cat(found)


def _averaged(activations: Tensor) -> Tensor:
    return activations.reshape(*activations.shape[:2], -1).mean(dim=2)
