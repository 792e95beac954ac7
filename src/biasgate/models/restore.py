"""A torch network back out of a candidate, for repair by gradients; importing this module imports torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.card import CandidateCard
from biasgate.models.chain import leaves
from biasgate.models.export import parity, torch_logits
from biasgate.models.network import Network, build
from biasgate.models.package import CandidatePackage
from biasgate.models.preprocess import preprocess, stored_shape
from biasgate.models.reading import read_weights
from biasgate.models.sandbox.runner import run
from biasgate.models.shapes import layer_shapes, placed
from biasgate.models.weights import Weights

OWN = "layers."
"""What an architecture's names of tensors begin with."""
_PROBES = 16
_PROBE_VALUES = 1 << 24
"""Most values that all probes together may have after a layer, where one probe alone does not have more."""


def restore(package: CandidatePackage) -> Network:
    """The card's architecture with the package's weights, in inference mode.

    Batch normalisation lies folded in the weights, so that the network's own is the identity: keep it in inference
    mode while training. The network is believed only after it has given the candidate's outputs on random samples.

    Raises:
        CandidateError: The card has no architecture, or one that does not compute what the model computes.
        InputError: The architecture's layers do not fit one another.
    """
    return _restored(package)[0]


def declared_parity(package: CandidatePackage) -> float | None:
    """Largest difference between the outputs of the ONNX model and of the card's architecture with its weights.

    Returns:
        None when the card declares no architecture.

    Raises:
        CandidateError: See ``restore``.
    """
    return _restored(package)[1] if package.card.architecture else None


def _restored(package: CandidatePackage) -> tuple[Network, float]:
    card = package.card
    if card.architecture is None:
        raise CandidateError("the card has no architecture", where=card.name, fix="declare it in card.json")
    if card.input.layout == "NHWC" or card.architecture.input != card.input.shape:
        raise CandidateError(
            f"the architecture takes {card.architecture.input}, the input contract gives "
            f"{card.input.layout} {card.input.shape}",
            where=card.name,
            fix="correct the card; declared architectures take channels first",
        )
    weights = read_weights(package.path)
    network = _filled(card.architecture, _by_order(card.architecture, weights), where=card.name)
    largest = max(math.prod(shape) for shape in layer_shapes(card.architecture))
    samples = _samples(card, max(1, min(_PROBES, _PROBE_VALUES // largest)))
    theirs = run(package, samples).logits
    ours = _outputs(network, preprocess(samples, card.input), card)
    return network, parity(ours, theirs, where=f"{card.name}, architecture")


def from_tensors(architecture: Architecture, tensors: Mapping[str, NDArray[np.float32]], *, where: str) -> Network:
    """The declared architecture with tensors named as its own parameters are.

    Wrappers put one name before all others (``module.``, ``_orig_mod.``, ``model.``, or a module's own): it is taken
    off, see ``common_prefix``.

    Raises:
        CandidateError: A tensor is missing, unknown, not finite, or has another shape; says which side lacks what.
        InputError: The architecture's layers do not fit one another.
    """
    prefix = common_prefix(architecture, tensors)
    own = {OWN + name.removeprefix(prefix): torch.tensor(array) for name, array in tensors.items()}
    return _filled(architecture, own, where=where)


def common_prefix(architecture: Architecture, tensors: Iterable[str]) -> str:
    """What stands before the number of the layer in all names of tensors, as in ``module.layers.0.weight``.

    An architecture's own names begin with ``layers.``; where the names are not its own but for what stands before
    them, that is the answer too, so that the refusal names them as they are.
    """
    names = set(tensors)
    first = next(iter(_shapes(architecture)), "").removeprefix(OWN)
    places = [name.removesuffix(first) for name in names if name.endswith(first)]
    return next((place for place in places if all(name.startswith(place) for name in names)), OWN)


def _filled(architecture: Architecture, tensors: dict[str, Tensor], *, where: str) -> Network:
    """Nothing is allocated for the architecture itself, only what was read is assigned."""
    with torch.device("meta"):
        network = build(architecture)
    wanted = network.state_dict()
    tensors |= {name: torch.tensor(0) for name in wanted if name.endswith("num_batches_tracked")}
    if wanted.keys() != tensors.keys():
        sides = {"the file lacks": wanted.keys() - tensors.keys(), "the card lacks": tensors.keys() - wanted.keys()}
        lacks = "; ".join(f"{side} {_few(names)}" for side, names in sides.items() if names)
        raise CandidateError(
            f"tensors do not match the architecture: {lacks}",
            where=where,
            fix="correct the card's layers: the name of a tensor begins with the number of its layer",
        )
    for name, tensor in tensors.items():
        if tensor.shape != wanted[name].shape:
            raise CandidateError(
                f"{name} has shape {list(tensor.shape)}, the architecture says {list(wanted[name].shape)}", where=where
            )
        if not tensor.isfinite().all():
            raise CandidateError(f"{name} holds NaN or infinite weights", where=where)
    network.load_state_dict(tensors, assign=True)
    return network.eval()


def _few(names: Iterable[str]) -> str:
    """Some names, for people."""
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _shapes(architecture: Architecture) -> dict[str, tuple[int, ...]]:
    """Of the tensors that fill an architecture, by their names."""
    with torch.device("meta"):
        state = build(architecture).state_dict()
    return {name: tuple(tensor.shape) for name, tensor in state.items() if not name.endswith("num_batches_tracked")}


def _by_order(architecture: Architecture, weights: Weights) -> dict[str, Tensor]:
    """Tensors by the architecture's names, its n-th layer taking the n-th that was read."""
    layers = list(leaves(placed(architecture)))
    weighted = sum(leaf.layer.weighted for leaf in layers)
    if weighted != len(weights.layers):
        raise CandidateError(
            f"the architecture has {weighted} layers with weights, the model {len(weights.layers)}",
            where=architecture.name,
            fix="correct the card",
        )
    tensors: dict[str, Tensor] = {}
    read = iter(weights.layers)
    for leaf in layers:
        restored = leaf.layer.restored(leaf.before, next(read) if leaf.layer.weighted else None)
        tensors |= {f"{leaf.name}.{name}": tensor for name, tensor in restored.items()}
    return tensors


def _samples(card: CandidateCard, count: int) -> NDArray[np.uint8] | NDArray[np.float32]:
    """Random samples as a data set would store them."""
    generator, shape = np.random.default_rng(0), (count, *stored_shape(card.input))
    if card.input.layout == "rows":
        return generator.standard_normal(shape, dtype=np.float32)
    return generator.integers(0, 256, shape, dtype=np.uint8)


def _outputs(network: Network, inputs: NDArray[np.float32], card: CandidateCard) -> NDArray[np.float32]:
    logits = torch.from_numpy(torch_logits(network, inputs))
    if card.output == "logits":
        return logits.numpy()
    return (logits.sigmoid() if card.task == "multilabel" else logits.softmax(dim=1)).numpy()
