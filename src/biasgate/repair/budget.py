"""What a repair may use: seconds and memory, asked for whenever samples pass through a network."""

from __future__ import annotations

import os
import re
import resource
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path

from biasgate.contracts.repair_record import Stop
from biasgate.errors import CandidateError, InputError

Clock = Callable[[], float]
_LACKING = ("alloc", "start new thread")
"""What errors of too little memory say, beside Python's own: torch's, the linker's, a graph's operator's."""
_MEMORY = re.compile(r"([1-9][0-9]{0,5})(MiB|GiB)")


class SpentError(Exception):
    """A budget is spent: whoever works under it keeps what there is.

    Attributes:
        why: What ran out.
    """

    def __init__(self, why: Stop) -> None:
        super().__init__(why)
        self.why: Stop = why


def ended_by(why: Stop) -> str:
    """Why something was not tried, in words."""
    return "it was interrupted" if why == "interruption" else f"no {why} left"


@dataclass(frozen=True, eq=False)
class Budget:
    """Seconds and bytes.

    Attributes:
        seconds: From now on, as the clock says.
        memory: Most resident memory of this process in bytes; None where only the machine bounds it.
        clock: Seconds of any beginning.
        begun: When it was given.
    """

    seconds: float
    memory: int | None = None
    clock: Clock = time.monotonic
    begun: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "begun", self.clock())

    @property
    def used(self) -> float:
        """Seconds since it was given."""
        return self.clock() - self.begun

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return self.seconds - self.used

    def part(self, seconds: float) -> Budget:
        """A budget of so many seconds from now, by the same clock and memory."""
        return Budget(seconds, self.memory, self.clock)

    def check(self) -> None:
        """Ends the work of whoever has used it up.

        Raises:
            SpentError: No second is left, or the process holds more memory.
        """
        if self.left <= 0:
            raise SpentError("seconds")
        if self.memory is not None and _resident() > self.memory:
            raise SpentError("memory")


_SPENDING: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def spending(budget: Budget) -> Generator[None]:
    """Within, ``still_allowed`` asks this budget, and more memory than it allows cannot be had.

    Raises:
        SpentError: See ``Budget.check``, which is asked first; also where an allocation fails.
    """
    token = _SPENDING.set(budget)
    try:
        budget.check()
        with _bounded(budget.memory):
            yield
    except (MemoryError, RuntimeError, ImportError, OSError, CandidateError) as error:
        lacking = isinstance(error, MemoryError) or any(sign in str(error) for sign in _LACKING)
        if budget.memory is None or not lacking:
            raise
        raise SpentError("memory") from None
    finally:
        _SPENDING.reset(token)


def still_allowed() -> None:
    """Asks the budget that is being spent, if any.

    Raises:
        SpentError: It is spent.
    """
    if (budget := _SPENDING.get()) is not None:
        budget.check()


def read_memory(text: str) -> int:
    """Bytes, of ``4GiB`` or ``512MiB``.

    >>> read_memory("2GiB")
    2147483648

    Raises:
        InputError: It is neither.
    """
    if not (found := _MEMORY.fullmatch(text)):
        raise InputError(f"{text!r} is no amount of memory", fix="write it as 4GiB or 512MiB")
    return int(found[1]) << (30 if found[2] == "GiB" else 20)


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def _bounded(memory: int | None) -> Generator[None]:
    """Lets the address space grow by no more than resident memory has left: one step cannot take it all."""
    if memory is None:
        yield
        return
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    before = resource.getrlimit(resource.RLIMIT_AS)
    wanted = mapped + max(0, memory - _resident())
    resource.setrlimit(resource.RLIMIT_AS, (wanted if before[1] < 0 else min(wanted, before[1]), before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)
