"""Progress for people: a bar with rate and ETA on a terminal, events for a watching parent, silence elsewhere."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")
EVENTS = "BIASGATE_EVENTS"
"""Environment variable naming a file that progress is appended to as JSON lines; how a parent watches its tasks."""
SECONDS_BETWEEN_EVENTS = 0.2
MANY_A_SECOND = 100
"""Units of which there are more are told by the second."""


class Advance(Protocol):
    """Tells the bar that ``steps`` more units are done."""

    def __call__(self, steps: int = 1) -> None:
        """Advances the bar."""
        ...


def emit(**event: object) -> None:
    """Appends one event to the file that a watching parent named, if there is one."""
    if path := os.environ.get(EVENTS):
        with Path(path).open("a") as file:
            file.write(json.dumps({"process": os.getpid(), **event}) + "\n")


@contextmanager
def progress(description: str, *, total: int | None, unit: str, estimated: bool = False) -> Generator[Advance]:
    """A bar over ``total`` units on stderr, if their number is known; nothing is drawn when stderr is no terminal.

    Args:
        description: What is done.
        total: How many units there are.
        unit: What one is called, in the plural.
        estimated: Whether ``total`` may be wrong: what is done at the end is then told as all that there was.
    """
    if EVENTS in os.environ:
        events = _Events(description, total, unit)
        yield events
        if estimated:
            events.tell(total=events.done)
    elif sys.stderr.isatty():
        with bars() as display:
            task = display.add_task(description, total=total, unit=unit)
            yield lambda steps=1: display.advance(task, steps)
            if estimated:
                display.update(task, total=display.tasks[0].completed)
    else:
        yield _ignore


def bars() -> Progress:
    """A rich display on stderr whose rows show count, units an hour (of many, a second) and ETA."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining
    from rich.text import Text

    class Rate(ProgressColumn):
        def render(self, task: Task) -> Text:
            if not task.speed:
                return Text("")
            many = task.speed > MANY_A_SECOND
            rate, time = (task.speed, "s") if many else (task.speed * 3600, "h")
            return Text(f"{rate:,.0f} {task.fields['unit']}/{time}")

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), Rate(), Remaining())
    return Progress(*columns, console=Console(stderr=True))


def track(items: Iterable[T], description: str, *, total: int, unit: str) -> Iterator[T]:
    """Yields ``items`` while a bar follows them."""
    with progress(description, total=total, unit=unit) as advance:
        for item in items:
            yield item
            advance()


def _ignore(steps: int = 1) -> None:
    """Progress that nobody watches."""


@dataclass
class _Events:
    """Tells a watching parent how much is done, at most every ``SECONDS_BETWEEN_EVENTS`` and at the end."""

    description: str
    total: int | None
    unit: str
    done: int = 0
    last: float = 0.0

    def __call__(self, steps: int = 1) -> None:
        self.done += steps
        if time.monotonic() - self.last > SECONDS_BETWEEN_EVENTS or (self.total and self.done >= self.total):
            self.last = time.monotonic()
            self.tell(total=self.total)

    def tell(self, *, total: int | None) -> None:
        emit(progress=self.description, done=self.done, total=total, unit=self.unit)
