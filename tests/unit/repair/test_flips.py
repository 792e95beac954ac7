import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from biasgate.repair.flips import MOST, flips

CLASSES = ("a", "b", "c")


@given(st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=80))
def test_flips_are_right_before_or_after_and_bounded_and_point_at_their_rows(drawn: list[tuple[int, int, int]]):
    labels, before, after = np.array(drawn, dtype=np.int64).T
    rows = 10 * np.arange(len(labels)) + 3
    values = np.array([f"value {row}" for row in rows])
    found = list(flips((before, after), labels, rows=rows, values=values, classes=CLASSES))
    mended = int(((after == labels) & (before != labels)).sum())
    broken = int(((before == labels) & (after != labels)).sum())
    assert [one.mended for one in found] == [True] * min(MOST, mended) + [False] * min(MOST, broken)
    assert len({one.row for one in found}) == len(found)
    for one in found:
        place = (one.row - 3) // 10
        told = (CLASSES[labels[place]], f"value {one.row}", CLASSES[before[place]], CLASSES[after[place]])
        assert (one.label, one.value, one.before, one.after) == told
