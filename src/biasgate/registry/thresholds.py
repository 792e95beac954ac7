"""Thresholds of trees in single precision, so that numbers in single precision take the branches that they took.

Trees that compare in double precision lose that in ONNX. For x in single precision, x ≤ t holds exactly where x is at
most the largest single number that is not above t; converters round to the nearest instead, which may be above.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

CLASSIFIER = "TreeEnsembleClassifier"
AT_MOST = b"BRANCH_LEQ"


def thresholds_of(model: Any) -> NDArray[np.float64]:
    """All thresholds of a LightGBM model, or of scikit-learn's histogram boosting; none of other models."""
    booster = getattr(model, "booster_", model)
    if type(booster).__module__ == "lightgbm.basic":
        return booster.trees_to_dataframe()["threshold"].to_numpy(np.float64)
    trees = [tree for stage in getattr(model, "_predictors", ()) for tree in stage]
    return np.concatenate([tree.nodes["num_threshold"] for tree in trees] or [np.empty(0)]).astype(np.float64)


def round_down(model: onnx.ModelProto, thresholds: NDArray[np.float64]) -> None:
    """Replaces thresholds that were rounded up, in place, by the next number below."""
    nearest = thresholds.astype(np.float32)
    up = set(nearest[nearest > thresholds].tolist()) - set(nearest[nearest <= thresholds].tolist())
    for node in model.graph.node:
        held = {attribute.name: attribute for attribute in node.attribute}
        if node.op_type != CLASSIFIER or "nodes_values" not in held:
            continue
        values, modes = held["nodes_values"].floats, held["nodes_modes"].strings
        values[:] = [
            float(np.nextafter(np.float32(value), np.float32(-np.inf))) if mode == AT_MOST and value in up else value
            for value, mode in zip(values, modes, strict=True)
        ]
