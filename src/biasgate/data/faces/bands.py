"""Age bands."""

from __future__ import annotations

from bisect import bisect_right

BANDS = ("0-2", "3-9", "10-19", "20-29", "30-39", "40-49", "50-59", "60-69", "more than 70")
"""The age bands of FairFace, by its own names; the last begins at 70."""

_STARTS = (3, 10, 20, 30, 40, 50, 60, 70)


def age_band(age: int) -> str:
    """The band that an age in years falls into."""
    return BANDS[bisect_right(_STARTS, age)]
