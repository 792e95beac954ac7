"""Which layers take what which others give, as an architecture declares it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from biasgate.models.architecture import Architecture
from biasgate.models.flow import SAMPLE, Flow, Wiring, in_a_row
from biasgate.models.layer import Placed
from biasgate.models.shapes import placed


def wiring_of(architecture: Architecture) -> Wiring:
    """The wiring that an architecture declares; empty where its layers lie in a row.

    Raises:
        InputError: A layer does not fit what reaches it.
    """
    found: list[Flow] = []
    _walk(SAMPLE, placed(architecture), found)
    return () if in_a_row(tuple(found)) else tuple(found)


def _walk(x: Flow, chain: Sequence[Placed], found: list[Flow]) -> Flow:
    for part in chain:
        if part.layer.weighted:
            found.append(x)
            x = Flow.of(len(found) - 1)
        else:
            branches = part.layer.branches(part.before)
            x = part.layer.flow(x, {name: partial(_walk, chain=held, found=found) for name, held in branches.items()})
    return x
