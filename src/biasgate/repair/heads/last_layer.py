"""Between networks and heads: features out of a network, a head in and out of it; importing this imports torch."""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn

from biasgate.errors import CandidateError
from biasgate.models.network import Network
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData
from biasgate.repair.groups import balancing_weights
from biasgate.repair.heads.linear import LinearHead, Samples


def head_of(network: Network) -> LinearHead:
    """The network's last layer.

    Raises:
        CandidateError: It is not linear.
    """
    last = network.layers[-1]
    if not isinstance(last, nn.Linear):
        raise CandidateError(
            f"the last layer is a {type(last).__name__}, not linear", fix="use a method that trains the whole network"
        )
    return LinearHead.of(last.weight.detach().numpy(), last.bias.detach().numpy())


def with_head(network: Network, head: LinearHead) -> Network:
    """A copy of the network with another last layer."""
    changed = copy.deepcopy(network)
    last = changed.layers[-1]
    assert isinstance(last, nn.Linear)
    with torch.no_grad():
        last.weight.copy_(torch.from_numpy(head.weight))
        last.bias.copy_(torch.from_numpy(head.bias))
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
