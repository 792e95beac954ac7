"""What a child is given to run: all samples in batches, then more batches for comparison."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from biasgate.errors import CandidateError
from biasgate.models.feeds import Feed
from biasgate.models.sandbox.limits import Limits
from biasgate.progress import progress

_BATCH_VALUES = 1 << 22
"""Most input values a batch: 512 coloured digits, or 27 photographs of 224 by 224 pixels."""
_BATCHES = 8
"""Fewest batches, where there are as many samples: enough for the interval of a median."""


@dataclass(frozen=True, eq=False)
class Trial:
    """One more batch.

    Attributes:
        rows: Which samples, in this order ``[n]``.
        spoilt: Which of them have ``value`` in all inputs of floats ``[n]``.
        value: See ``spoilt``.
    """

    rows: NDArray[np.int64]
    spoilt: NDArray[np.bool_] | None = None
    value: float = math.nan


Trials = Callable[[int, int | None], Sequence[Trial]]
"""The trials, from the samples in a batch and the most that one may have; None where the graph takes no others."""


@dataclass(frozen=True, eq=False)
class Batches:
    """All that a child runs.

    Attributes:
        feeds: What each input takes.
        samples: How many there are.
        size: Most samples in a batch.
        fixed: Whether the graph takes this many and no others.
        trials: What comes after the samples.
    """

    feeds: Sequence[Feed]
    samples: int
    size: int
    fixed: bool
    trials: Sequence[Trial]

    @property
    def sizes(self) -> list[int]:
        """Samples of each batch."""
        whole, left = divmod(self.samples, self.size)
        return [self.size] * whole + [left] * bool(left) + [len(trial.rows) for trial in self.trials]

    def write(self, pipe: IO[bytes], *, name: str) -> None:
        """Each batch after the other, in each the values of every feed; made while the model is at the one before.

        Args:
            pipe: What the child reads from.
            name: What is run, on the bar that follows.
        """
        with progress(f"running {name}", total=sum(self.sizes), unit="samples") as advance:
            for start in range(0, self.samples, self.size):
                rows = slice(start, min(start + self.size, self.samples))
                _send(pipe, (feed.values(rows) for feed in self.feeds))
                advance(rows.stop - start)
            for trial in self.trials:
                _send(pipe, (_spoilt(feed.values(trial.rows), trial) for feed in self.feeds))
                advance(len(trial.rows))


def _send(pipe: IO[bytes], arrays: Iterable[NDArray[Any]]) -> None:
    for array in arrays:
        pipe.write(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    pipe.flush()


def _spoilt(batch: NDArray[Any], trial: Trial) -> NDArray[Any]:
    if trial.spoilt is not None and batch.dtype.kind == "f":
        largest = np.finfo(batch.dtype).max
        batch[trial.spoilt] = np.clip(trial.value, -largest, largest) if np.isfinite(trial.value) else trial.value
    return batch


def planned(feeds: Sequence[Feed], samples: int, trials: Trials | None, *, limits: Limits, where: str) -> Batches:
    """Batches of the size that the graph fixes, or of one that leaves at least eight of them.

    Raises:
        CandidateError: The inputs fix different sizes, or one that is none.
    """
    fixed = {feed.batch for feed in feeds if feed.batch is not None}
    values = sum(math.prod(feed.shape) for feed in feeds)
    if len(fixed) > 1 or not all(0 < size * values <= _BATCH_VALUES * _BATCHES for size in fixed):
        raise CandidateError(
            f"its inputs take {sorted(fixed)} samples at once", where=where, fix="export it with a free batch axis"
        )
    most = None if fixed else max(1, min(limits.batch, _BATCH_VALUES // values))
    size = fixed.pop() if most is None else max(1, min(most, samples // _BATCHES))
    return Batches(feeds, samples, size, most is None, trials(size, most) if trials else ())
