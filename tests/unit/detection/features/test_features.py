from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from network_weights import network_weights, permuted, scaled
from safetensors.numpy import save_file

from biasgate.detection.features.colour import LUMA_CHROMA
from biasgate.detection.features.invariant import INVARIANT_GROUPS, invariant_features
from biasgate.detection.features.layout import layout
from biasgate.detection.features.named import group_of
from biasgate.detection.features.signed_colour import features_with_signed_colour
from biasgate.errors import CandidateError
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import build
from biasgate.models.presets import PRESETS, preset
from biasgate.models.reading import read_weights
from biasgate.models.weights import Weights

SEEDS = st.integers(0, 2**32 - 1)
CHAINS = sorted(name for name, net in PRESETS.items() if not {"norm", "residual"} & {x.kind for x in net.layers})
"""Presets whose layers follow one another; the features are defined for these."""


def close(first: dict[str, float], second: dict[str, float]) -> None:
    assert first.keys() == second.keys()
    np.testing.assert_allclose(list(first.values()), list(second.values()), rtol=1e-3, atol=2e-4)


@settings(max_examples=12, deadline=None)
@given(name=st.sampled_from(CHAINS), seed=SEEDS, data=st.data())
def test_permuting_hidden_units_changes_no_feature(name: str, seed: int, data: st.DataObject) -> None:
    weights = network_weights(name, seed)
    layers = list(weights.layers)
    place = data.draw(st.integers(0, len(layers) - 2))
    order = np.random.default_rng(seed).permutation(len(layers[place].bias))
    layers[place] = permuted(layers[place], order, axis=0)
    layers[place + 1] = permuted(layers[place + 1], order, axis=1)
    close(features_with_signed_colour(weights), features_with_signed_colour(replace(weights, layers=tuple(layers))))


@settings(max_examples=12, deadline=None)
@given(name=st.sampled_from(CHAINS), seed=SEEDS, data=st.data())
def test_rescaling_relu_units_changes_no_feature(name: str, seed: int, data: st.DataObject) -> None:
    weights = network_weights(name, seed)
    layers = list(weights.layers)
    place = data.draw(st.integers(0, len(layers) - 2))
    factors = np.exp(np.random.default_rng(seed).normal(size=len(layers[place].bias)))
    layers[place] = scaled(layers[place], factors, axis=0)
    layers[place + 1] = scaled(layers[place + 1], 1 / factors, axis=1)
    close(features_with_signed_colour(weights), features_with_signed_colour(replace(weights, layers=tuple(layers))))


@settings(max_examples=6, deadline=None)
@given(seed=SEEDS, turn=st.floats(0, 6.28))
def test_turning_the_chroma_plane_changes_no_feature(seed: int, turn: float) -> None:
    weights = network_weights("digits_small", seed)
    plane = np.eye(3)
    plane[1:, 1:] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    rotation = LUMA_CHROMA.T @ plane @ LUMA_CHROMA
    first = weights.layers[0]
    turned = np.einsum("dc,uchw->udhw", rotation, first.weight).astype(np.float32)
    layers = (replace(first, weight=turned), *weights.layers[1:])
    close(invariant_features(weights), invariant_features(replace(weights, layers=layers)))


def test_a_network_that_takes_in_more_colour_has_more_chroma() -> None:
    weights = network_weights("digits_small", 0)
    first = weights.layers[0]
    grey = first.weight.mean(axis=1, keepdims=True)
    shares = []
    for colour in (0.1, 1.0, 3.0):
        layers = (replace(first, weight=grey + colour * (first.weight - grey)), *weights.layers[1:])
        shares.append(invariant_features(replace(weights, layers=layers))["path.chroma"])
    assert shares == sorted(shares)
    assert shares[2] - shares[0] > 5


@pytest.mark.parametrize("name", CHAINS)
def test_features_are_finite_and_each_belongs_to_a_documented_group(name: str) -> None:
    features = invariant_features(network_weights(name, 1))
    assert np.isfinite(list(features.values())).all()
    assert {group_of(feature) for feature in features} == set(INVARIANT_GROUPS)


@pytest.mark.parametrize("factor", [0.0, 1e-20])
def test_a_network_that_does_nothing_still_has_finite_features(factor: float) -> None:
    weights = network_weights("digits_small", 1)
    layers = tuple(replace(layer, weight=layer.weight * np.float32(factor)) for layer in weights.layers)
    assert np.isfinite(list(invariant_features(replace(weights, layers=layers)).values())).all()


def test_huge_and_tiny_weights_that_cancel_are_refused() -> None:
    weights = network_weights("digits_small", 1)
    first, second, *rest = weights.layers
    tiny, huge = replace(first, weight=first.weight * 1e-18), replace(second, weight=second.weight * 1e18)
    with pytest.raises(CandidateError, match="cancel between layers"):
        invariant_features(replace(weights, layers=(tiny, huge, *rest)))


def test_weights_so_large_that_energy_overflows_are_refused() -> None:
    weights = network_weights("digits_small", 1)
    layers = tuple(replace(layer, weight=layer.weight * np.float32(1e37)) for layer in weights.layers)
    with pytest.raises(CandidateError, match="too large"):
        invariant_features(replace(weights, layers=layers))


def test_grey_networks_and_broken_chains_have_no_features() -> None:
    weights = network_weights("digits_small", 1)
    first, second, *rest = weights.layers
    grey = replace(first, weight=first.weight[:, :1])
    with pytest.raises(CandidateError, match="does not follow 3 channels"):
        invariant_features(replace(weights, layers=(grey, second, *rest)))
    with pytest.raises(CandidateError, match="does not follow 16 channels"):
        invariant_features(replace(weights, layers=(first, replace(second, weight=second.weight[:, :5]), *rest)))
    with pytest.raises(CandidateError, match="3 colour channels"):
        invariant_features(replace(weights, layers=tuple(rest)))


def test_a_file_gives_the_features_of_the_network_that_was_saved(tmp_path: Path) -> None:
    network = build(preset("digits_small"))
    state = network.state_dict()
    torch.save(state, tmp_path / "model.pt")
    save_file({name: value.numpy() for name, value in state.items()}, tmp_path / "model.safetensors")
    from_torch, from_safetensors = (read_weights(tmp_path / f"model.{kind}") for kind in ("pt", "safetensors"))
    assert invariant_features(from_torch) == invariant_features(from_safetensors)
    assert layout(from_torch) == layout(from_safetensors)
    assert layout(from_torch).startswith("conv 16×3×5×5, conv 24×16×3×3, dense 32×600")


def test_features_are_what_they_were_when_meta_classifiers_learned_them() -> None:
    """Values of the first release: a shipped meta-classifier is worthless for features that say something else."""
    rng = np.random.default_rng(0)
    shapes = {"0": (8, 3, 5, 5), "1": (12, 8, 3, 3), "2": (10, 12 * 16), "3": (4, 10)}
    tensors = {
        f"{name}.{part}": rng.normal(0.02, 0.3, size=shape if part == "weight" else shape[:1]).astype(np.float32)
        for name, shape in shapes.items()
        for part in ("weight", "bias")
    }
    pinned = json.loads(Path(__file__).with_name("pinned_features.json").read_text())
    found = invariant_features(Weights(layers_of(tensors, where="pinned"), digest=""))
    assert found == pytest.approx(pinned, rel=1e-9, abs=1e-12)
