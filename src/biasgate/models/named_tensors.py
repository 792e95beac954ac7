"""Layers out of named tensors, as far as names and shapes tell what follows what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.architecture import LAYERS
from biasgate.models.named_reader import NamedReader
from biasgate.models.weights import LayerWeights

Tensors = Mapping[str, NDArray[np.float32]]

MAX_TENSORS, MAX_NAME = 10_000, 512
"""Most tensors of a file and letters of a name: a network of a thousand layers has a tenth of them."""
MOST_TO_ORDER = 8
"""Most layers whose order is looked for in their shapes: 40,320 orders."""


def bounded(names: Iterable[str], *, where: str) -> list[str]:
    """The names, when they are as many and as long as those of a classifier's tensors may be.

    Raises:
        CandidateError: They are more or longer.
    """
    found = list(names)
    if len(found) > MAX_TENSORS:
        raise CandidateError(f"it holds {len(found):,} tensors; {MAX_TENSORS:,} are read", where=where)
    if any(len(name) > MAX_NAME for name in found):
        raise CandidateError(f"the name of a tensor has over {MAX_NAME} letters", where=where)
    return found


def layers_of(tensors: Tensors, *, where: str) -> tuple[LayerWeights, ...]:
    """Layers in the order of the forward pass, batch normalisation folded into the convolution before.

    The order of their names, numbers as people count, if each layer then takes what some layer before it gives. Names
    such as ``features.0`` and ``classifier.0`` sort against the forward pass: then the shapes decide, if there is
    exactly one order in which each layer takes what the one before it gives.

    Raises:
        CandidateError: A module's tensors are no layer that is read here, or names and shapes tell no order.
    """
    return _in_order(_read(tensors, where=where))


def declared_layers(tensors: Tensors, *, where: str) -> tuple[LayerWeights, ...]:
    """Layers in the order of names that a declared network gives its parameters, which is that of the forward pass.

    Raises:
        CandidateError: A module's tensors are no layer that is read here.
    """
    return tuple(_read(tensors, where=where).layers)


def _read(tensors: Tensors, *, where: str) -> NamedReader:
    """The layers in the order of their names, numbers as people count."""
    found = NamedReader(where=where)
    for module, parts in _modules(tensors).items():
        if not any(kind.read_tensors(module, parts, found) for kind in LAYERS):
            shapes = {name: list(array.shape) for name, array in sorted(parts.items())[:5]}
            raise found.fault(f"tensors {shapes} of {module!r} are no layer that is read here")
        found.previous = module
    if not found.layers:
        raise CandidateError("the file has no weights", where=where)
    return found


def _modules(tensors: Tensors) -> dict[str, dict[str, NDArray[np.float32]]]:
    """Tensors by module, ``{"conv1": {"weight": …, "bias": …}}``, in natural order: ``2`` before ``10``."""
    modules: dict[str, dict[str, NDArray[np.float32]]] = {}
    for name in sorted(tensors, key=_natural):
        module, _, part = name.rpartition(".")
        modules.setdefault(module, {})[part] = tensors[name]
    return modules


def _natural(name: str) -> list[tuple[int, str]]:
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d{1,9})", name)]


def _in_order(found: NamedReader) -> tuple[LayerWeights, ...]:
    layers = tuple(found.layers)
    misfit = _first_misfit(layers)
    if misfit is None:
        return layers
    orders = list(islice(_chains((), layers), 2)) if len(layers) <= MOST_TO_ORDER else []
    if len(orders) != 1:
        raise found.fault(
            f"names and shapes do not tell in what order the layers come: {misfit.name!r} takes "
            f"{misfit.weight.shape[1]} inputs, which no layer before it gives"
        )
    return orders[0]


def _first_misfit(layers: tuple[LayerWeights, ...]) -> LayerWeights | None:
    """The first layer that takes what none before it gives."""
    for place, layer in enumerate(layers[1:], start=1):
        if not any(_takes(layer, before) for before in layers[:place]):
            return layer
    return None


def _takes(layer: LayerWeights, before: LayerWeights) -> bool:
    """A layer takes the outputs of the one before; a dense one after a flatten layer, a multiple of them.

    A depthwise convolution has as many outputs, or a multiple, and one input each.
    """
    inputs, outputs = layer.weight.shape[1], len(before.weight)
    if layer.kind == "dense":
        return inputs % outputs == 0
    return inputs == outputs or (inputs == 1 and len(layer.weight) % outputs == 0)


def _chains(chain: tuple[LayerWeights, ...], left: tuple[LayerWeights, ...]) -> Iterator[tuple[LayerWeights, ...]]:
    """Every order of the layers ``left`` in which each takes what the one before it gives."""
    if not left:
        yield chain
    for place, layer in enumerate(left):
        if not chain or _follows(layer, chain[-1]):
            yield from _chains((*chain, layer), left[:place] + left[place + 1 :])


def _follows(layer: LayerWeights, before: LayerWeights) -> bool:
    """No convolution comes after a dense layer, no flatten layer between two dense ones."""
    if before.kind == "dense":
        return layer.kind == "dense" and layer.weight.shape[1] == len(before.weight)
    return _takes(layer, before)
