from __future__ import annotations

import pytest

from biasgate.contracts.wording import points, rate, samples


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0.00"), (1, "1.00"), (0.314, ".31"), (0.998, ".998"), (0.001, ".001"), (0.5, ".50")]
)
def test_a_share_never_looks_whole_when_it_is_not(value, text):
    assert rate(value) == text.removeprefix("0")


@pytest.mark.parametrize(("value", "text"), [(0.68, "68"), (0.075, "7.5"), (-0.02, "-2"), (-0.0001, "0")])
def test_points_are_short(value, text):
    assert points(value) == text


def test_subgroups_read_as_words():
    assert samples({}) == "all samples"
    assert samples({"digit": "7", "alignment": "conflicting"}) == "conflicting, 7 samples"
