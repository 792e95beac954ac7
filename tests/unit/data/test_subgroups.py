"""Which subgroups attributes cut a data set into."""

import numpy as np
import pandas as pd
import pytest

from biasgate.data.dataset import Dataset
from biasgate.data.subgroups import MOST_SUBGROUPS, crossings, partitions
from biasgate.errors import InputError


def of_values(**counts: int) -> Dataset:
    """Rows whose attributes take so many values each."""
    rows = np.arange(max(counts.values()))
    return Dataset(
        samples=np.zeros((len(rows), 1), np.float32),
        labels=np.zeros(len(rows), np.int64),
        classes=("a", "b"),
        attributes=pd.DataFrame({name: (rows % count).astype(str) for name, count in counts.items()}),
        clusters=rows,
        name="people.yaml",
    )


def test_subgroups_are_every_combination_of_values_with_rows_or_without() -> None:
    (found,) = partitions(of_values(first=2, second=4), [("first", "second")])
    assert len(found.subgroups) == 8
    assert found.subgroups[3] == {"first": "0", "second": "3"}
    assert np.bincount(found.codes, minlength=8).tolist() == [1, 0, 1, 0, 0, 1, 0, 1]


def test_more_subgroups_than_can_be_told_apart_are_refused_with_their_number_and_what_to_do() -> None:
    few, many = of_values(one=2, other=MOST_SUBGROUPS // 2), of_values(one=2, other=MOST_SUBGROUPS // 2 + 1)
    crossed = crossings(("one", "other"), depth=2)
    assert len(list(partitions(few, crossed))[-1].subgroups) == MOST_SUBGROUPS
    with pytest.raises(InputError, match=r"one × other has 5,002 subgroups, and at most 5,000 .*people\.yaml.*bins"):
        list(partitions(many, crossed))
