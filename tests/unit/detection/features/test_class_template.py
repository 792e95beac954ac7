from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_weights import network_weights, permuted, scaled

from biasgate.detection.features.class_template import class_template
from biasgate.models.weights import Weights

SEEDS = st.integers(0, 2**32 - 1)


def template(weights: Weights) -> np.ndarray:
    return np.array(list(class_template(weights).values()))


@settings(max_examples=8, deadline=None)
@given(seed=SEEDS, data=st.data())
def test_it_is_the_same_however_hidden_units_are_ordered_and_scaled(seed: int, data: st.DataObject) -> None:
    weights = network_weights("digits_paper", seed)
    layers, rng = list(weights.layers), np.random.default_rng(seed)
    place = data.draw(st.integers(0, len(layers) - 2))
    order = rng.permutation(len(layers[place].bias))
    factors = np.exp(rng.normal(size=len(order)))
    layers[place] = scaled(permuted(layers[place], order, axis=0), factors, axis=0)
    layers[place + 1] = scaled(permuted(layers[place + 1], order, axis=1), 1 / factors, axis=1)
    np.testing.assert_allclose(template(replace(weights, layers=tuple(layers))), template(weights), atol=1e-5)


def test_colour_has_no_part_in_it() -> None:
    weights = network_weights("digits_paper", 1)
    first = weights.layers[0]
    grey = first.weight.mean(axis=1, keepdims=True)
    coloured = replace(first, weight=(grey + 9 * (first.weight - grey)).astype(np.float32))
    changed = replace(weights, layers=(coloured, *weights.layers[1:]))
    np.testing.assert_allclose(template(changed), template(weights), atol=1e-5)


def test_it_follows_the_classes() -> None:
    weights = network_weights("digits_paper", 2)
    order = np.random.default_rng(0).permutation(10)
    last = permuted(weights.layers[-1], order, axis=0)
    moved = template(replace(weights, layers=(*weights.layers[:-1], last)))
    by_class = template(weights).reshape(10, -1)
    np.testing.assert_allclose(moved.reshape(10, -1), by_class[order], atol=1e-6)
    assert np.linalg.norm(moved) == pytest.approx(1)


def test_a_network_with_one_convolution_has_none() -> None:
    weights = network_weights("digits_paper", 3)
    first, last = weights.layers[0], weights.layers[-1]
    dense = replace(last, weight=np.ones((10, len(first.bias)), np.float32))
    assert class_template(replace(weights, layers=(first, dense))) == {}


def test_a_network_that_does_nothing_has_an_empty_one() -> None:
    weights = network_weights("digits_paper", 4)
    layers = tuple(replace(layer, weight=0 * layer.weight) for layer in weights.layers)
    assert not template(replace(weights, layers=layers)).any()
