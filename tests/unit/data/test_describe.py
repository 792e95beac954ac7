"""Counts per label and attribute."""

from dataclasses import replace

import numpy as np

from biasgate.data.dataset import Dataset
from biasgate.data.describe import describe, remarks


def test_each_attribute_value_is_counted_by_label(people: Dataset) -> None:
    table = describe(people).set_index(["attribute", "value"])
    assert table.loc[("all", "all")].tolist() == [4, 4, 4, 12, 6]
    assert table.loc[("light", "day")].tolist() == [2, 2, 2, 6, 6]
    assert table.loc[("place", "in")].tolist() == [4, 1, 0, 5, 3]
    assert table.loc[("place", "out")].tolist() == [0, 3, 4, 7, 4]
    assert table.columns.tolist() == ["cat", "dog", "größe", "samples", "clusters"]


def test_a_set_without_attributes_is_said_to_have_no_subgroups(people: Dataset) -> None:
    assert "It has no attributes: nothing can be measured by subgroup." in remarks(
        replace(people, attributes=people.attributes[[]])
    )


def test_multi_label_sets_count_each_label(people: Dataset) -> None:
    labels = np.stack([people.labels > 0, people.labels > 1], axis=1).astype(np.int64)
    table = describe(replace(people, labels=labels, classes=("smile", "frown")))
    assert table.loc[0, ["smile", "frown", "samples"]].tolist() == [8, 4, 12]
