from __future__ import annotations

from pathlib import Path

import numpy as np

from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.table import INITIAL, RAW, RAW_DIMENSIONS, feature_names, feature_table
from biasgate.detection.zoo.engine import train_models
from biasgate.detection.zoo.index import ShardIndex
from biasgate.detection.zoo.material import load_material
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.shard import train_shard
from biasgate.detection.zoo.spec import Counts, Level, Recipe, ZooSpec
from biasgate.models.architecture import Architecture
from biasgate.models.layers.conv import Conv
from biasgate.models.layers.dense import Dense
from biasgate.models.layers.flatten import Flatten
from biasgate.models.layers.norm import Norm
from biasgate.models.layers.relu import Relu
from biasgate.models.named_tensors import layers_of
from biasgate.models.presets import preset
from biasgate.models.weights import Weights
from biasgate.training.threads import using_threads

WITH_NORM = Architecture(
    name="with_norm",
    input=(3, 28, 28),
    layers=(
        Conv(out=4, kernel=5, stride=4), Norm(), Relu(), Conv(out=4, kernel=3), Relu(),
        Flatten(), Dense(out=8), Relu(), Dense(out=10),
    ),
)  # fmt: skip

SPEC = ZooSpec(
    name="mixed",
    dataset="builtin:digits",
    architectures=(preset("digits_small"), WITH_NORM),
    planting="share",
    levels=(Level(name="none", strength=0.9), Level(name="much", strength=0.01)),
    counts=Counts(train=6, validation=2, test=2),
    recipe=Recipe(steps=(2,), batch=(8,), samples=(20, 30)),
    seed=4,
)


def test_each_row_holds_the_features_of_its_own_model(tmp_path: Path) -> None:
    plan = plan_zoo(SPEC, shards=1)
    table = feature_table(ShardIndex.parse(train_shard(plan, 0, str(tmp_path)).to_json(), where="index"))
    assert table["id"].tolist() == [model.id for model in plan.models]
    assert set(table["architecture"]) == {"digits_small", "with_norm"}
    assert len(set(table["layout"])) == 2
    names = feature_names(table)
    material = load_material(SPEC)
    with using_threads(1):
        trained = train_models(plan.models[:4], material)
    for model, state in ((model.planned, model.state) for model in trained):
        expected = invariant_features(Weights(layers_of(state, where="test"), digest=""))
        np.testing.assert_allclose([table.loc[model.id, name] for name in names], [expected[name] for name in names])
    assert f"{RAW}{RAW_DIMENSIONS - 1}" in table
    assert not np.allclose(table[names], table[[INITIAL + name for name in names]])
