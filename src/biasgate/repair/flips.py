"""Samples whose decision a repair mended or broke, to be looked at; importing this module imports torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from biasgate.contracts.repair_record import Flip
from biasgate.repair.changes import Decisions

MOST = 12
"""Of either kind."""


def flips(
    decisions: Decisions,
    labels: NDArray[np.int64],
    *,
    rows: NDArray[np.int64],
    values: NDArray[np.str_],
    classes: tuple[str, ...],
) -> Iterator[Flip]:
    """Mended samples, then broken ones: of each at most ``MOST``, evenly spread over all, so that nobody chooses.

    Args:
        decisions: What was decided before and after.
        labels: Class index of each sample ``[n]``.
        rows: Place of each in the repair data ``[n]``.
        values: Value of the attribute of each ``[n]``.
        classes: Names, by index.
    """
    before, after = (decided == labels for decided in decisions)
    for changed in (after & ~before, before & ~after):
        found = np.flatnonzero(changed)
        for place in found[np.linspace(0, len(found) - 1, min(MOST, len(found)), dtype=np.int64)]:
            label, first, second = (classes[int(of[place])] for of in (labels, *decisions))
            yield Flip(row=int(rows[place]), label=label, value=str(values[place]), before=first, after=second)
