"""Non-inferiority: is the worst of some numbers inside its margin, outside it, or not yet known?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from biasgate.gate.decision import Outcome
from biasgate.gate.measurements import Measured


@dataclass(frozen=True)
class Judgement:
    """What the bounds say.

    Attributes:
        outcome: ``pass`` when every bound is inside the margin, ``fail`` when one proves a violation.
        index: Which of the numbers decided.
        bound: The bound of it that decided.
    """

    outcome: Outcome
    index: int
    bound: float


def at_most(numbers: Sequence[Measured], limit: float) -> Judgement:
    """Holds the largest number against an upper limit.

    To pass, each approving upper bound must be within the limit: an intersection–union test, which needs no correction
    for many numbers. To fail, one proving lower bound, which is corrected for them, must exceed it. The largest point
    estimate, biased upwards, decides nothing.
    """
    lows = [number.proving[0] for number in numbers]
    highs = [number.approving[1] for number in numbers]
    if max(lows) > limit:
        return Judgement("fail", lows.index(max(lows)), max(lows))
    return Judgement("pass" if max(highs) <= limit else "insufficient", highs.index(max(highs)), max(highs))


def at_least(numbers: Sequence[Measured], limit: float) -> Judgement:
    """Holds the smallest number against a lower limit; see ``at_most``."""
    mirrored = at_most([-number for number in numbers], -limit)
    return Judgement(mirrored.outcome, mirrored.index, -mirrored.bound)
