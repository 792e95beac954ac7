"""The bias axis: planted strengths on a scale where equal steps are equally hard to tell apart."""

from __future__ import annotations

import math

from biasgate.detection.zoo.spec import Planting
from biasgate.errors import InputError


def to_axis(strength: float, planting: Planting) -> float:
    """A strength as a real number that grows with bias; subgroups, which have no order, have none.

    ``share``: minus the log-odds of the conflicting share p, ``log((1 - p) / p)``; independence of ten colours
    (p = 0.9) lies at -2.2, so the level ``none`` is a point on the axis like any other. ``sigma``: ``-log(variance)``;
    the level ``none`` (a colour independent of the label, written 1) lies at 0.

    Raises:
        InputError: The planting is ``group``.
    """
    if planting == "group":
        raise InputError("subgroups have no order, so no axis", where="planting", fix="use a reader of subgroups")
    return math.log((1 - strength) / strength) if planting == "share" else -math.log(strength)


def from_axis(value: float, planting: Planting) -> float:
    """The inverse of ``to_axis``."""
    return 1 / (1 + math.exp(value)) if planting == "share" else math.exp(-value)
