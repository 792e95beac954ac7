from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from biasgate.data.dataset import Dataset

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def dataset_of() -> Callable[..., Dataset]:
    """A data set without content: labels, clusters and one column an attribute."""

    def make(*, labels, clusters=None, classes=("a", "b", "c"), samples=None, **attributes) -> Dataset:
        rows = len(labels)
        return Dataset(
            samples=np.zeros((rows, 8, 8, 3), np.uint8) if samples is None else samples,
            labels=np.asarray(labels, dtype=np.int64),
            classes=classes,
            attributes=pd.DataFrame({name: np.asarray(column, dtype=str) for name, column in attributes.items()}),
            clusters=np.arange(rows) if clusters is None else np.asarray(clusters, dtype=np.int64),
            clusters_declared=True,
        )

    return make


@pytest.fixture(scope="session")
def twins(dataset_of) -> Dataset:
    """200 clusters, each once aligned and once conflicting, in ten colours."""
    rng = np.random.default_rng(0)
    labels = np.repeat(rng.integers(0, 3, 200), 2)
    return dataset_of(
        labels=labels,
        clusters=np.repeat(np.arange(200), 2),
        alignment=np.tile(["aligned", "conflicting"], 200),
        colour=rng.integers(0, 10, 400),
    )


@pytest.fixture(scope="session")
def biased(twins) -> np.ndarray:
    """Predictions on ``twins``: 98 % right when aligned, 70 % when conflicting."""
    rng = np.random.default_rng(1)
    aligned = twins.attribute("alignment") == "aligned"
    right = rng.random(len(twins)) < np.where(aligned, 0.98, 0.7)
    return np.where(right, twins.labels, (twins.labels + 1) % 3)
