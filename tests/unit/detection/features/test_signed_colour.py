from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from biasgate.detection.features.named import group_of
from biasgate.detection.features.signed_colour import SIGNED_GROUPS, signed_colour_features
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.relu import Relu
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import build, initialise
from biasgate.models.weights import LayerWeights, Weights

NETWORK = Architecture(
    name="tiny faces",
    input=(3, 12, 12),
    layers=(
        Conv(out=6, kernel=3), Relu(), Conv(out=5, kernel=3, stride=2), Relu(), Flatten(), Dense(out=7), Relu(),
        Dense(out=2),
    ),
)  # fmt: skip
TURN_CHROMA = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1]])
"""Red and green change places: the axis red against green turns round, the others stay."""


@pytest.fixture(scope="module")
def weights() -> Weights:
    network = build(NETWORK)
    initialise(network, init="kaiming_normal", generator=torch.Generator().manual_seed(0))
    tensors = {name: value.detach().numpy() for name, value in network.state_dict().items()}
    rng = np.random.default_rng(0)
    layers = [replace(x, bias=rng.normal(size=len(x.bias)).astype(np.float32)) for x in layers_of(tensors, where="")]
    return Weights(tuple(layers), digest="")


def with_first(weights: Weights, first: LayerWeights) -> dict[str, float]:
    return signed_colour_features(replace(weights, layers=(first, *weights.layers[1:])))


def test_each_feature_belongs_to_a_documented_group(weights: Weights) -> None:
    features = signed_colour_features(weights)
    assert {group_of(name) for name in features} == set(SIGNED_GROUPS)
    assert np.isfinite(list(features.values())).all()


def test_a_colour_and_its_opposite_differ_in_sign(weights: Weights) -> None:
    first = weights.layers[0]
    swapped = np.einsum("dc,uchw->udhw", TURN_CHROMA, first.weight).astype(np.float32)
    before, after = signed_colour_features(weights), with_first(weights, replace(first, weight=swapped))
    for name, value in before.items():
        turns = -1 if name.count("red_green") % 2 and "share" not in name else 1
        assert after[name] == pytest.approx(turns * value, rel=1e-4, abs=1e-5), name
    assert abs(before["answer.red_green_flat"]) > 0.01


def test_swapping_two_answers_turns_what_speaks_for_them_and_nothing_else(weights: Weights) -> None:
    *rest, last = weights.layers
    swapped = replace(last, weight=last.weight[::-1].copy(), bias=last.bias[::-1].copy())
    before, after = (
        signed_colour_features(replace(weights, layers=layers)) for layers in (weights.layers, (*rest, swapped))
    )
    for name, value in before.items():
        turns = -1 if group_of(name) == "answer" else 1
        assert after[name] == pytest.approx(turns * value, rel=1e-4, abs=1e-5), name


def test_units_that_work_around_brighter_tones_have_lower_biases(weights: Weights) -> None:
    first = weights.layers[0]
    flat = first.weight.sum(axis=(1, 2, 3))
    rising = replace(first, weight=(first.weight * np.sign(flat)[:, None, None, None]).astype(np.float32))
    bias = [
        with_first(weights, replace(rising, bias=(-tone * np.abs(flat)).astype(np.float32)))["tone.1.bias"]
        for tone in (0.2, 0.5, 0.8)
    ]
    assert bias == sorted(bias, reverse=True)


def test_the_signed_path_is_the_slope_of_a_network_whose_relus_are_open(weights: Weights) -> None:
    shifted = [replace(x, bias=np.full_like(x.bias, 10 ** (2 + 2 * i))) for i, x in enumerate(weights.layers[:-1])]
    open_network = replace(weights, layers=(*shifted, weights.layers[-1]))
    network = build(NETWORK)
    layers = [module for module in network.modules() if isinstance(module, torch.nn.Conv2d | torch.nn.Linear)]
    with torch.no_grad():
        for module, layer in zip(layers, open_network.layers, strict=True):
            module.weight.copy_(torch.from_numpy(layer.weight))
            module.bias.copy_(torch.from_numpy(layer.bias))
        network.double()
        images = torch.full((3, 3, 12, 12), 0.5, dtype=torch.float64)
        images[1, 0] += 0.1
        images[2, 1] += 0.1
        logits = network(images)
    answer = (logits[:, 1] - logits[:, 0]).numpy()
    slope = (answer[1] - answer[2]) / 0.1
    features = signed_colour_features(open_network)
    ratio = features["answer.red_green_flat"] / features["answer.luma_flat"]
    with torch.no_grad():
        grey = network(images[:1] + 0.1)
    bright = float((grey[0, 1] - grey[0, 0]).numpy() - answer[0]) / 0.1
    assert slope / np.sqrt(2) / (bright / np.sqrt(3)) == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("factor", [0.0, 1e-20])
def test_a_network_that_does_nothing_still_has_finite_features(weights: Weights, factor: float) -> None:
    layers = tuple(replace(layer, weight=layer.weight * np.float32(factor)) for layer in weights.layers)
    assert np.isfinite(list(signed_colour_features(replace(weights, layers=layers)).values())).all()
