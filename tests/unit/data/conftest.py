"""Small real data."""

import numpy as np
import pandas as pd
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.sources.digits import digits as built_in_digits


@pytest.fixture(scope="session")
def digits() -> Dataset:
    return built_in_digits()


@pytest.fixture
def people() -> Dataset:
    """Twelve colour images of six people in three classes, with two attributes."""
    return Dataset(
        samples=np.arange(12 * 4 * 4 * 3, dtype=np.uint8).reshape(12, 4, 4, 3),
        labels=np.repeat([0, 1, 2], 4),
        classes=("cat", "dog", "größe"),
        attributes=pd.DataFrame({"light": ["day", "night"] * 6, "place": ["in"] * 5 + ["out"] * 7}),
        clusters=np.repeat(np.arange(6), 2),
        name="people",
    )
