"""The built-in digits."""

import numpy as np

from biasgate.data.dataset import Dataset


def test_there_are_five_hundred_of_each_digit(digits: Dataset) -> None:
    assert digits.samples.shape == (5000, 28, 28, 1)
    assert digits.samples.dtype == np.uint8
    assert np.bincount(digits.labels).tolist() == [500] * 10
    assert digits.classes == tuple("0123456789")


def test_each_digit_is_its_own_unit_without_attributes(digits: Dataset) -> None:
    assert np.unique(digits.clusters).size == 5000
    assert digits.attributes.shape == (5000, 0)


def test_a_zero_has_a_hole_and_a_one_has_none(digits: Dataset) -> None:
    centre = digits.array[:, 12:16, 12:16, 0].mean(axis=(1, 2))
    assert centre[digits.labels == 0].mean() < 30 < 150 < centre[digits.labels == 1].mean()
