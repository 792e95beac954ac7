"""What fine-tuning changed: features of the difference between a model and the pretrained one that it started from.

Units correspond, so that weights may be subtracted. A layer's change is described where it works: by the
invariant features of the tuned network in which that one layer is replaced by its change. These are blind to which
colours a palette has, as all invariant features are.
"""

from __future__ import annotations

from dataclasses import replace

from biasgate.detection.features.invariant import invariant_features
from biasgate.models.weights import LayerWeights, Weights


def change_features(tuned: Weights, pretrained: Weights) -> dict[str, float]:
    """``<layer>.<group>.<what>``: of each layer, counted from 1, the features of the network with its change alone."""
    found: dict[str, float] = {}
    for place, (after, before) in enumerate(zip(tuned.layers, pretrained.layers, strict=True)):
        layers = (*tuned.layers[:place], _change(after, before), *tuned.layers[place + 1 :])
        named = invariant_features(replace(tuned, layers=layers))
        found |= {f"{place + 1}.{name}": value for name, value in named.items()}
    return found


def _change(after: LayerWeights, before: LayerWeights) -> LayerWeights:
    return replace(after, weight=after.weight - before.weight, bias=after.bias - before.bias)
