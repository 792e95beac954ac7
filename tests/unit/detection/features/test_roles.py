from __future__ import annotations

import pandas as pd
import pytest
from network_weights import network_weights

from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.layout import by_role, layout
from biasgate.detection.features.named import group_of
from biasgate.detection.features.table import comparable, feature_names

NETS = ("digits_small", "digits_paper", "digits_cnn_zoo")


def test_networks_of_different_depth_have_the_same_features_by_role() -> None:
    names = [by_role(invariant_features(network_weights(net, 0))).keys() for net in NETS]
    assert names[0] == names[1] == names[2]


def test_layers_between_first_and_last_count_by_their_mean() -> None:
    features = {"path.total": 1.0, "bias.1.mean": 2.0, "bias.2.mean": 3.0, "bias.3.mean": 5.0, "bias.4.mean": 7.0}
    expected = {"path.total": 1.0, "bias.first.mean": 2.0, "bias.middle.mean": 4.0, "bias.last.mean": 7.0}
    assert by_role(features) == expected


def test_roles_keep_a_feature_in_its_group() -> None:
    features = invariant_features(network_weights("digits_small", 0))
    assert {group_of(name) for name in by_role(features)} == {group_of(name) for name in features}


def row(net: str) -> dict[str, float | str]:
    weights = network_weights(net, 1)
    features = invariant_features(weights)
    return {**features, **{f"initial.{n}": v for n, v in features.items()}, "layout": layout(weights), "level": "none"}


def test_a_table_of_one_layout_stays_as_it_is_and_a_mixed_one_has_no_holes() -> None:
    alike, mixed = pd.DataFrame([row("digits_small")] * 2), pd.DataFrame([row(net) for net in NETS])
    assert comparable(alike) is alike
    assert mixed[feature_names(mixed)].isna().to_numpy().any()
    found = comparable(mixed)
    names = feature_names(found)
    assert not found[names].isna().to_numpy().any()
    assert list(found["level"]) == ["none"] * 3
    assert found["initial.linear.last.luma_dc"].tolist() == pytest.approx(found["linear.last.luma_dc"].tolist())
