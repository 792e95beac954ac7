"""Between networks and heads: features out of a network, a head in and out of it; importing this imports torch."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from biasgate.errors import CandidateError
from biasgate.models.card import InputContract
from biasgate.models.network import Network
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import Material
from biasgate.repair.head import LinearHead, Samples
from biasgate.repair.repaired import Repaired
from biasgate.repair.trials import S, best_of

Edit = Callable[[S, PixelClassifier, Material, int], LinearHead]
"""From settings, the classifier that is not changed, the data and a seed to another head."""


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


def read_features(classifier: PixelClassifier, data: Material) -> Samples:
    """What reaches the last layer, with the labels."""
    with torch.no_grad():
        return Samples(classifier.features(data.samples).double().numpy(), data.labels.numpy())


def repair_head(
    network: Network,
    contract: InputContract,
    data: Material,
    validation: Tensor,
    *,
    grid: Sequence[S],
    edit: Edit[S],
    seconds: float,
    seed: int,
) -> Repaired:
    """Repairs the last layer alone: ``edit`` makes a head under each setting, the best is kept; see ``best_of``.

    Raises:
        CandidateError: The last layer is not linear.
    """
    head_of(network)
    classifier = PixelClassifier(network, contract)
    return best_of(
        grid,
        lambda settings, training, _: with_head(network, edit(settings, classifier, training, seed)),
        contract=contract,
        data=data,
        validation=validation,
        seconds=seconds,
    )
