"""Between networks and heads: features out of a network, a head in and out of it; importing this imports torch."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch

from biasgate.models.torch_network import TorchNetwork
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.groups import balancing_weights
from biasgate.repair.heads.linear import LinearHead, Samples


def head_of(network: TorchNetwork) -> LinearHead:
    """The network's last layer.

    Raises:
        CandidateError: It is not linear.
    """
    weight, bias = network.head()
    return LinearHead.of(weight.numpy(), bias.numpy())


def with_head(network: TorchNetwork, head: LinearHead) -> TorchNetwork:
    """A copy of the network with another last layer."""
    changed = copy.deepcopy(network)
    changed.set_head(torch.from_numpy(head.weight), torch.from_numpy(head.bias))
    return changed


def class_count(classifier: PixelClassifier) -> int:
    """How many classes the head tells apart.

    Raises:
        CandidateError: The last layer is not linear.
    """
    return len(head_of(classifier.network).bias)


def read_features(classifier: PixelClassifier, data: RepairData) -> Samples:
    """What reaches the last layer, with the labels."""
    with torch.no_grad():
        return Samples(classifier.features(data.samples).double().numpy(), data.labels.numpy())


def balanced_features(classifier: PixelClassifier, data: RepairData) -> Samples:
    """What reaches the last layer, weighed so that every label × aligned or conflicting counts alike."""
    return replace(read_features(classifier, data), weights=balancing_weights(data).double().numpy())
