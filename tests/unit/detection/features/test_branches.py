"""Features of networks with branches: sums over all paths, of which a chain has one a unit."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from network_weights import permuted, scaled

from biasgate.detection.features.chain import chain
from biasgate.detection.features.invariant import INVARIANT_GROUPS, invariant_features
from biasgate.detection.features.layout import by_role, layout
from biasgate.detection.features.named import group_of
from biasgate.detection.features.path_energy import paths
from biasgate.detection.features.signed_paths import signed_maps
from biasgate.detection.features.table import weights_of
from biasgate.detection.zoo.engine import parameters_of
from biasgate.errors import CandidateError
from biasgate.models.architecture import Architecture
from biasgate.models.layers.attention import Attention
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.pool import Pool
from biasgate.models.layers.relu import Relu
from biasgate.models.layers.residual import Residual
from biasgate.models.network import drawn
from biasgate.models.weights import Weights

STEM, HEAD = (Conv(out=6, kernel=3), Norm(), Relu()), (Pool(how="global"), Flatten(), Dense(out=4))
BODIES = {
    "residual": (Residual(body=(Conv(out=5, kernel=3, padding=1), Norm(), Relu(), Conv(out=6, kernel=3, padding=1))),),
    "projected": (Residual(body=(Conv(out=8, kernel=3, stride=2, padding=1), Norm())),),
    "depthwise": (Conv(out=6, kernel=3, padding=1, groups=6), Norm(), Relu(), Conv(out=8, kernel=1)),
    "attention": (
        Residual(body=(Attention(out=6, heads=2), Conv(out=6, kernel=1), Norm())), Relu(), Conv(out=6, kernel=3),
    ),
}  # fmt: skip


def weights(kind: str, *, seed: int = 0) -> Weights:
    architecture = Architecture(name=kind, input=(3, 8, 8), layers=(*STEM, *BODIES[kind], Relu(), *HEAD))
    state = parameters_of(drawn(architecture, init="torch", seed=seed))
    return weights_of(state, architecture)


def changed(found: Weights, *changes: tuple[int, object]) -> Weights:
    layers = list(found.layers)
    for place, layer in changes:
        layers[place] = layer  # type: ignore[call-overload]
    return replace(found, layers=tuple(layers))


def close(first: Weights, second: Weights) -> None:
    one, other = invariant_features(first), invariant_features(second)
    assert one.keys() == other.keys()
    np.testing.assert_allclose(list(one.values()), list(other.values()), rtol=1e-3, atol=2e-4)


@pytest.mark.parametrize("kind", BODIES)
def test_every_kind_of_block_has_finite_features_of_every_group_in_every_role(kind: str) -> None:
    found = by_role(invariant_features(weights(kind)))
    assert np.isfinite(list(found.values())).all()
    assert {group_of(name) for name in found} == set(INVARIANT_GROUPS)
    assert found.keys() == by_role(invariant_features(weights("residual"))).keys()


def test_energy_and_the_signed_map_of_a_residual_block_are_sums_over_both_ways_through_it() -> None:
    first, inner, outer, head = links = chain(weights("residual"))
    through = np.eye(6) + outer.summed @ inner.summed
    energy = np.eye(6) + outer.power @ inner.power
    np.testing.assert_allclose(
        signed_maps(links)[-1], np.tensordot(head.summed @ through, signed_maps(links)[0], axes=1), atol=1e-12
    )
    found = paths(links)
    np.testing.assert_allclose(found.arriving[-1], np.tensordot(head.power @ energy, found.arriving[0], axes=1))
    np.testing.assert_allclose(found.leaving[0], np.ones(4) @ head.power @ energy)
    assert first.sources == ()


def test_the_same_energy_arrives_at_the_logits_as_leaves_the_image() -> None:
    for kind in BODIES:
        found = paths(chain(weights(kind)))
        assert found.arriving[0].sum(axis=(1, 2)) @ found.leaving[0] == pytest.approx(found.arriving[-1].sum())


def test_a_depthwise_convolution_is_a_dense_one_that_is_zero_between_channels() -> None:
    found = weights("depthwise")
    depthwise = found.layers[1]
    dense = np.zeros((6, 6, 3, 3), np.float32)
    dense[np.arange(6), np.arange(6)] = depthwise.weight[:, 0]
    assert invariant_features(found) == invariant_features(changed(found, (1, replace(depthwise, weight=dense))))


def test_a_convolution_in_two_groups_joins_no_channels_of_different_groups() -> None:
    body = (Conv(out=4, kernel=1, groups=2),)
    architecture = Architecture(name="two", input=(3, 8, 8), layers=(*STEM, *body, Relu(), *HEAD))
    state = parameters_of(drawn(architecture, init="torch", seed=0))
    grouped = chain(weights_of(state, architecture))[1].weight[:, :, 0]
    stored = state["layers.3.weight"][:, :, 0, 0]
    np.testing.assert_allclose(grouped[:2, :3], stored[:2])
    np.testing.assert_allclose(grouped[2:, 3:], stored[2:])
    assert not grouped[:2, 3:].any()
    assert not grouped[2:, :3].any()


def test_keys_and_queries_are_no_part_of_the_paths() -> None:
    found = weights("attention")
    other = weights("attention", seed=1)
    close(found, changed(found, (1, other.layers[1]), (2, other.layers[2])))
    assert len(chain(found)) == len(found.layers) - 2


@pytest.mark.parametrize("share", [0.0, 1e-6])
def test_a_branch_that_carries_nothing_has_no_features(share: float) -> None:
    found = weights("residual")
    outer = found.layers[2]
    with pytest.raises(CandidateError, match="next to nothing"):
        invariant_features(changed(found, (2, replace(outer, weight=outer.weight * np.float32(share)))))


def test_permuting_and_rescaling_units_within_a_block_changes_no_feature() -> None:
    found = weights("residual")
    order, factors = np.random.default_rng(0).permutation(5), np.exp(np.random.default_rng(1).normal(size=5))
    inner, outer = found.layers[1], found.layers[2]
    close(found, changed(found, (1, permuted(inner, order, axis=0)), (2, permuted(outer, order, axis=1))))
    close(found, changed(found, (1, scaled(inner, factors, axis=0)), (2, scaled(outer, 1 / factors, axis=1))))


def test_permuting_the_channels_that_a_block_adds_to_changes_no_feature() -> None:
    found, order = weights("residual"), np.random.default_rng(0).permutation(6)
    first, inner, outer, head = found.layers
    close(
        found,
        changed(
            found,
            (0, permuted(first, order, axis=0)), (1, permuted(inner, order, axis=1)),
            (2, permuted(outer, order, axis=0)), (3, permuted(head, order, axis=1)),
        ),
    )  # fmt: skip


def test_the_layout_says_what_a_layer_behind_a_sum_takes() -> None:
    assert layout(weights("residual")).endswith("dense 4×6 of relu(3+relu(1))")
    assert layout(weights("depthwise")) == "conv 6×3×3×3, conv 6×1×3×3, conv 8×6×1×1, dense 4×8"
