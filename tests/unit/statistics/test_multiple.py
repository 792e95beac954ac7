from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from biasgate.statistics.multiple import bonferroni, holm


def test_holm_multiplies_the_smallest_by_all_and_the_next_by_one_less():
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])


@given(st.lists(st.floats(0, 1), max_size=30))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values):
    corrected = holm(p_values)
    assert all(p - 1e-12 <= q <= 1 for p, q in zip(p_values, corrected, strict=True))
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert all(corrected[a] <= corrected[b] + 1e-12 for a, b in pairwise(order))


def test_ten_intervals_need_a_tenth_of_the_error():
    assert bonferroni(0.95, 10) == pytest.approx(0.995)
    assert bonferroni(0.95, 0) == pytest.approx(0.95)
