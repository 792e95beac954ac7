"""The swap rate: how often only the attribute decides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from biasgate.data.dataset import Dataset
from biasgate.evaluation.schema import EvaluationSpec
from biasgate.statistics.estimate import Estimate
from biasgate.statistics.intervals import wilson


def swap_rate(dataset: Dataset, spec: EvaluationSpec, predictions: NDArray[np.int64]) -> Estimate | None:
    """Share of units whose prediction changes when only the attributes do, with Wilson's interval over units.

    A unit counts when some of its rows share their label and differ in the spec's attributes; it is swapped when such
    rows get different predictions.

    Returns:
        Nothing when fewer than ``spec.minimum`` units count.
    """
    import pandas as pd

    rows = pd.DataFrame({"unit": dataset.units, "label": dataset.labels, "prediction": predictions})
    columns = pd.DataFrame({name: dataset.attribute(name) for name in spec.attributes})
    rows["attributes"] = columns.groupby(list(spec.attributes)).ngroup().to_numpy()
    distinct = rows.groupby(["unit", "label"]).nunique()
    twins = distinct[distinct["attributes"] > 1]
    swapped = twins["prediction"].gt(1).groupby(level="unit").any()
    if len(swapped) < spec.minimum:
        return None
    return wilson(int(swapped.to_numpy().sum()), len(swapped), confidence=spec.confidence)
