from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_weights import network_weights, permuted, scaled

from biasgate.detection.features.chain import chain
from biasgate.detection.features.class_colours import class_colours
from biasgate.detection.features.colour import LUMA_CHROMA
from biasgate.detection.features.colour_slope import SLOPE_GROUPS, slope_features
from biasgate.detection.features.linearised import linearised
from biasgate.detection.features.named import group_of
from biasgate.detection.features.path_energy import paths
from biasgate.detection.features.signed_paths import signed_maps
from biasgate.models.weights import Weights

SEEDS = st.integers(0, 2**32 - 1)


def close(first: Weights, second: Weights) -> None:
    """Both have the same features; biases of drawn networks are zero, so they are drawn anew."""
    one, other = slope_features(first), slope_features(second)
    assert one.keys() == other.keys()
    np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-3, atol=1e-3)


def network(seed: int, *, bias: float = 0.1) -> Weights:
    """A drawn network whose biases are not zero."""
    weights, rng = network_weights("digits_small", seed), np.random.default_rng(seed)
    drawn = (rng.normal(scale=bias, size=layer.bias.shape).astype(np.float32) for layer in weights.layers)
    layers = (replace(layer, bias=values) for layer, values in zip(weights.layers, drawn, strict=True))
    return replace(weights, layers=tuple(layers))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_neither_permuting_nor_rescaling_hidden_units_changes_a_feature(seed: int, data: st.DataObject) -> None:
    weights, rng = network(seed), np.random.default_rng(seed)
    layers = list(weights.layers)
    place = data.draw(st.integers(0, len(layers) - 2))
    order, factors = rng.permutation(len(layers[place].bias)), np.exp(rng.normal(size=len(layers[place].bias)))
    layers[place] = scaled(permuted(layers[place], order, axis=0), factors, axis=0)
    layers[place + 1] = scaled(permuted(layers[place + 1], order, axis=1), 1 / factors, axis=1)
    close(weights, replace(weights, layers=tuple(layers)))


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS)
def test_the_order_of_classes_changes_no_feature(seed: int) -> None:
    weights = network(seed)
    *others, last = weights.layers
    order = np.random.default_rng(seed).permutation(len(last.bias))
    close(weights, replace(weights, layers=(*others, permuted(last, order, axis=0))))


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, turn=st.floats(0, 6.28))
def test_turning_the_chroma_plane_changes_no_feature(seed: int, turn: float) -> None:
    weights = network(seed)
    plane = np.eye(3)
    plane[1:, 1:] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    rotation = LUMA_CHROMA.T @ plane @ LUMA_CHROMA
    first, *others = weights.layers
    turned = np.einsum("dc,uchw->udhw", rotation, first.weight).astype(np.float32)
    close(weights, replace(weights, layers=(replace(first, weight=turned), *others)))


def test_features_are_finite_and_each_belongs_to_a_documented_group() -> None:
    features = slope_features(network_weights("digits_paper", 0))
    assert np.isfinite(list(features.values())).all()
    assert {group_of(name) for name in features} == set(SLOPE_GROUPS)


def test_classes_twice_as_far_apart_are_so_by_the_logarithm_of_two() -> None:
    signed = np.random.default_rng(0).normal(size=(10, 3, 9))
    once, twice = dict(class_colours("slope", signed)), dict(class_colours("slope", 2 * signed))
    assert once["slope.colour_apart_q0"] < once["slope.colour_apart"] < once["slope.colour_apart_q100"]
    for name in ("colour_apart", "chroma_apart_q90", "colour_axis_1", "nearest.mean", "size_q50"):
        assert twice[f"slope.{name}"] - once[f"slope.{name}"] == pytest.approx(np.log(2))


@pytest.mark.parametrize(("bias", "gain"), [(1e3, 1.0), (-1e3, 0.0)])
def test_units_that_are_always_on_pass_everything_and_those_always_off_nothing(bias: float, gain: float) -> None:
    first, *others = network_weights("digits_small", 0).layers
    layers = (replace(first, bias=np.full_like(first.bias, bias)), *others)
    links = chain(Weights(layers, digest=""))
    np.testing.assert_allclose(linearised(links, 1.0)[1].weight, gain * links[1].weight, atol=1e-9)


def test_a_gain_is_the_slope_that_a_relu_has_on_average_over_flat_colours() -> None:
    links = chain(network(3))
    colours = np.random.default_rng(0).normal(1 / 2, 1 / np.sqrt(12), size=(200_000, 3))
    passing = (0.5 * colours @ links[0].summed.T + links[0].bias > 0).mean(axis=0)
    gains = linearised(links, 0.5)[1].weight[0, :, 0] / links[1].weight[0, :, 0]
    np.testing.assert_allclose(gains, passing, atol=0.01)


def test_mixed_paths_go_from_path_energy_to_signed_paths() -> None:
    links = chain(network(1))
    found = slope_features(network(1))
    hidden = len(links) - 1
    flat = signed_maps(links)[-1][:, :, 0]
    signed = (flat - flat.mean(axis=0)) ** 2
    assert found[f"mixed.{'s' * hidden}_s.luma"] == pytest.approx(np.log(signed[:, 0].sum()))
    assert found[f"mixed.{'s' * hidden}_s.chroma"] == pytest.approx(np.log(signed[:, 1:].sum()))
    *others, last = links
    apart = replace(last, weight=last.weight - last.weight.mean(axis=0))
    energy = paths((*others, apart)).arriving[-1].sum(axis=0)[:, 0]
    assert found[f"mixed.{'e' * hidden}_e.luma"] == pytest.approx(np.log(energy[0]))
    assert found[f"mixed.{'e' * hidden}_e.chroma"] == pytest.approx(np.log(energy[1]))
