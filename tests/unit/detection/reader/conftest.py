"""A made-up zoo: untrained networks whose first layer takes in more colour the stronger the planted bias."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import torch

from biasgate.detection.features.invariant import invariant_features
from biasgate.detection.features.layout import layout
from biasgate.detection.features.table import INITIAL, RAW
from biasgate.detection.zoo.axis import to_axis
from biasgate.detection.zoo.engine import parameters_of
from biasgate.detection.zoo.plan import plan_zoo
from biasgate.detection.zoo.spec import Counts, Level, ZooSpec
from biasgate.models.named_tensors import layers_of
from biasgate.models.network import build, initialise
from biasgate.models.presets import preset
from biasgate.models.weights import Weights

SPEC = ZooSpec(
    name="made up",
    dataset="builtin:digits",
    architectures=(preset("digits_small"),),
    planting="share",
    levels=(Level(name="none", strength=0.9), Level(name="some", strength=0.2), Level(name="much", strength=0.01)),
    counts=Counts(train=150, validation=60, test=60),
    seed=3,
)


def made_up_weights(seed: int, colour: float) -> tuple[Weights, Weights]:
    """An initial network, and the same with the chroma of its first layer amplified."""
    network = build(SPEC.architectures[0])
    initialise(network, init="kaiming_uniform", generator=torch.Generator().manual_seed(seed))
    state = parameters_of(network)
    before = Weights(layers_of(state, where="before"), digest=f"sha256:{seed}")
    grey = state["layers.0.weight"].mean(axis=1, keepdims=True)
    state["layers.0.weight"] = (grey + colour * (state["layers.0.weight"] - grey)).astype(np.float32)
    return before, Weights(layers_of(state, where="after"), digest=f"sha256:{seed}")


@pytest.fixture(scope="session")
def spec() -> ZooSpec:
    return SPEC


@pytest.fixture(scope="session")
def table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    rows = []
    for model in plan_zoo(SPEC, shards=1).models:
        axis = to_axis(model.strength, "share")
        before, after = made_up_weights(model.seed, np.exp(axis / 4 + rng.normal() * 0.1))
        bias = float(1 / (1 + np.exp(2 - axis + rng.normal() * 0.2)))
        line = model.model_dump()
        rows.append(
            {
                **{name: value for name, value in line.items() if name != "training"},
                **line["training"],
                **invariant_features(after),
                **{f"{INITIAL}{name}": value for name, value in invariant_features(before).items()},
                **{f"{RAW}{place}": rng.normal() for place in range(8)},
                "layout": layout(after),
                "class_counts": rng.integers(40, 80, size=10).tolist(),
                "final_loss": rng.exponential(),
                "accuracy_aligned": 0.99,
                "accuracy_conflicting": 0.99 - bias,
                "measured_bias": bias,
                "swap_rate": bias,
            }
        )
    return pd.DataFrame(rows)


@pytest.fixture(scope="session")
def weights_with() -> Callable[[int, float], Weights]:
    return lambda seed, colour: made_up_weights(seed, colour)[1]
