"""In which order named layers follow one another, when only their names and shapes are known."""

from __future__ import annotations

from collections.abc import Sequence

from biasgate.errors import CandidateError
from biasgate.models.weights import LayerWeights

_TRIES = 10_000


def in_order(layers: Sequence[LayerWeights], *, where: str) -> tuple[LayerWeights, ...]:
    """The layers in the order of the forward pass.

    As given (sorted by name), if each layer then takes what some layer before it gives. Names such as ``features.0``
    and ``classifier.0`` sort against the forward pass: then the shapes decide, if there is exactly one order in which
    each layer takes what the one before it gives.

    Raises:
        CandidateError: There is no such order, or more than one.
    """
    misfit = _first_misfit(layers)
    if misfit is None:
        return tuple(layers)
    chain = _only_chain(layers)
    if chain is None:
        raise CandidateError(
            f"layer {misfit.name!r} takes {misfit.weight.shape[1]} inputs, which no layer before it gives",
            where=where,
            fix="give the model as ONNX, whose graph says what follows what",
        )
    return chain


def _first_misfit(layers: Sequence[LayerWeights]) -> LayerWeights | None:
    for place, layer in enumerate(layers[1:], start=1):
        if not any(_follows(before, layer) for before in layers[:place]):
            return layer
    return None


def _follows(before: LayerWeights, layer: LayerWeights) -> bool:
    """A layer takes the outputs of the one before; a dense one after a flatten layer, a multiple of them."""
    inputs, outputs = layer.weight.shape[1], len(before.weight)
    return inputs == outputs or (layer.kind == "dense" and inputs % outputs == 0)


def _links(before: LayerWeights, layer: LayerWeights) -> bool:
    """``_follows``, and no convolution comes after a dense layer, no flatten layer between two dense ones."""
    if before.kind == "dense":
        return layer.kind == "dense" and layer.weight.shape[1] == len(before.weight)
    return _follows(before, layer)


def _only_chain(layers: Sequence[LayerWeights]) -> tuple[LayerWeights, ...] | None:
    """The one order in which each layer links to the one before; none if there are two, or too many to try them all."""
    found: tuple[int, ...] | None = None
    paths: list[tuple[int, ...]] = [(start,) for start in range(len(layers))]
    for _ in range(_TRIES):
        if not paths:
            return None if found is None else tuple(layers[place] for place in found)
        path = paths.pop()
        if len(path) < len(layers):
            last = layers[path[-1]]
            paths += [(*path, n) for n, layer in enumerate(layers) if n not in path and _links(last, layer)]
        elif found is not None:
            return None
        else:
            found = path
    return None
