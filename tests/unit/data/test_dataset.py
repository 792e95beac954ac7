"""What a data set promises."""

from dataclasses import replace

import numpy as np
import pytest

from biasgate.data.dataset import Dataset
from biasgate.errors import InputError


def test_rows_are_taken_by_index_or_mask(people: Dataset) -> None:
    by_index = people.take(np.array([10, 1]))
    assert by_index.attribute("place").tolist() == ["out", "in"]
    assert by_index.clusters.tolist() == [5, 0]
    by_mask = people.take(people.labels == 2)
    assert (by_mask.samples == people.samples[8:]).all()
    assert by_mask.attributes.index.tolist() == [0, 1, 2, 3]


def test_an_absent_attribute_names_those_there_are(people: Dataset) -> None:
    with pytest.raises(InputError, match=r"no attribute 'sex'.*light.*place"):
        people.attribute("sex")


@pytest.mark.parametrize("part", ["samples", "labels", "attributes", "clusters", "classes"])
def test_the_digest_sees_every_part(people: Dataset, part: str) -> None:
    changed = getattr(people, part)[::-1]
    assert replace(people, **{part: changed}).digest != people.digest


def test_parts_of_different_length_are_refused(people: Dataset) -> None:
    with pytest.raises(InputError, match=r"differ in length: \[11, 12\]"):
        replace(people, labels=people.labels[:11])
