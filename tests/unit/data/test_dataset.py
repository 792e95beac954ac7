"""What a data set promises."""

from dataclasses import replace

import numpy as np
import pytest

from biasgate.data.checks import checked
from biasgate.data.dataset import Dataset
from biasgate.errors import InputError


def test_rows_are_taken_by_index_or_mask(people: Dataset) -> None:
    by_index = people.take(np.array([10, 1]))
    assert by_index.attribute("place").tolist() == ["out", "in"]
    assert by_index.clusters.tolist() == [5, 0]
    by_mask = people.take(people.labels == 2)
    assert (by_mask.array == people.array[8:]).all()
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


def test_weights_are_taken_with_their_rows_and_are_part_of_the_digest(people: Dataset) -> None:
    weighted = replace(people, weights=np.arange(1.0, 13.0))
    assert weighted.digest != people.digest
    assert replace(people, weights=np.arange(2.0, 14.0)).digest != weighted.digest
    assert weighted.take(np.array([10, 1])).weights.tolist() == [11, 2]
    assert people.take(np.array([10, 1])).weights is None
    with pytest.raises(InputError, match=r"weights and keys differ in length: \[11, 12\]"):
        replace(people, weights=np.ones(11))


@pytest.mark.parametrize("weight", [0.0, -1.0, np.nan, np.inf])
def test_a_weight_is_a_finite_number_above_zero(people: Dataset, weight: float) -> None:
    with pytest.raises(InputError, match=rf"row 12 has the weight {weight:g}, which is no finite number above zero"):
        checked(replace(people, weights=np.array([0.5] * 11 + [weight])))
