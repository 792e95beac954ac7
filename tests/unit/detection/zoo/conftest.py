from __future__ import annotations

import pytest

from biasgate.detection.zoo.spec import Counts, Level, Recipe, ZooSpec
from biasgate.models.presets import preset


@pytest.fixture
def spec() -> ZooSpec:
    return ZooSpec(
        name="tiny",
        dataset="builtin:digits",
        architectures=(preset("digits_small"),),
        planting="share",
        levels=(Level(name="none", strength=0.9), Level(name="some", strength=0.2), Level(name="much", strength=0.01)),
        counts=Counts(train=6, validation=3, test=3),
        recipe=Recipe(steps=(2, 3), batch=(8,), samples=(20, 30)),
        seed=1,
    )
