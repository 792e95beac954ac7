"""The ways to plant bias: what a model learns from, and how the bias that it takes on is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from biasgate.detection.zoo import coloured, grouped
from biasgate.detection.zoo.material import Material, Selection
from biasgate.detection.zoo.plan import PlannedModel
from biasgate.detection.zoo.spec import Planting


@dataclass(frozen=True)
class Planted:
    """One way.

    Attributes:
        training_set: The model's own draw of its split's images.
        probe: The images that its bias is measured on.
        measured: From its answers on these to columns of the shard's table.
    """

    training_set: Callable[[PlannedModel, Material, np.random.Generator], Selection]
    probe: Callable[[PlannedModel, Material, np.random.Generator], Selection]
    measured: Callable[[NDArray[np.int64], Selection, PlannedModel, Material], dict[str, float]]


_BY_COLOUR = Planted(coloured.training_set, coloured.probe, coloured.measured)

PLANTINGS: Mapping[Planting, Planted] = {
    "share": _BY_COLOUR,
    "sigma": _BY_COLOUR,
    "group": Planted(grouped.training_set, grouped.probe, grouped.measured),
}
