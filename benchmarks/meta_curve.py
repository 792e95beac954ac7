"""A learning curve: a power law fitted to errors by the number of models learned from, and what it says beyond them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from biasgate.detection.reader.scores import bootstrap

Document = dict[str, Any]
FEWEST_ERRORS = 0.5
BEYOND, GOAL = 3600, 0.90


def fitted_curve(rows: pd.DataFrame) -> Document:
    """Shares named rightly at each size; the share expected at ``BEYOND`` models, and the models that ``GOAL`` takes.

    The law is error = a · n^−b, a line in logarithms, fitted anew to every draw of test models; so intervals hold the
    chance of the test models, not that the law may be another: it has no floor, and so it flatters.

    Args:
        rows: A row a test model and size: ``model``, ``train``, ``right``.
    """
    table = rows.pivot(index="model", columns="train", values="right")
    sizes, right = table.columns.to_numpy(dtype=float), table.to_numpy(dtype=float)

    def law(some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Slope and intercept, over the last axis of ``[…, models]``."""
        errors = np.maximum(1 - right[some].mean(axis=-2), FEWEST_ERRORS / len(right))
        x, y = np.log(sizes), np.log(errors)
        slope = ((x - x.mean()) * (y - y.mean(axis=-1, keepdims=True))).sum(axis=-1) / ((x - x.mean()) ** 2).sum()
        return slope, y.mean(axis=-1) - slope * x.mean()

    def beyond(some: np.ndarray) -> np.ndarray:
        slope, intercept = law(some)
        return 1 - np.exp(intercept + slope * np.log(BEYOND))

    def needed(some: np.ndarray) -> np.ndarray:
        """In logarithm to base 10; a law that does not fall never gets there."""
        slope, intercept = law(some)
        models = (np.log(1 - GOAL) - intercept) / np.where(slope < 0, slope, np.nan)
        return np.nan_to_num(models / np.log(10), nan=99.0)

    count = len(right)
    points = [
        (int(size), bootstrap(lambda some, at=at: right[some, at].mean(axis=-1), count))
        for at, size in enumerate(sizes)
    ]
    return {
        "points": [[size, estimate.model_dump(mode="json")] for size, estimate in points],
        "beyond": bootstrap(beyond, count).model_dump(mode="json"),
        "needed": bootstrap(needed, count).model_dump(mode="json"),
    }
