"""Progress for people: a bar with rate and ETA on a terminal, silence elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

T = TypeVar("T")


class Advance(Protocol):
    """Tells the bar that ``steps`` more units are done."""

    def __call__(self, steps: int = 1) -> None:
        """Advances the bar."""
        ...


def _ignore(steps: int = 1) -> None:
    """Progress that nobody watches."""


@contextmanager
def progress(description: str, *, total: int, unit: str) -> Generator[Advance]:
    """A bar over ``total`` units on stderr; nothing is drawn when stderr is no terminal."""
    if not sys.stderr.isatty():
        yield _ignore
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(description, total=total, rate="")

        def advance(steps: int = 1) -> None:
            bar.advance(task, steps)
            speed = bar.tasks[0].speed
            bar.update(task, rate=f"{speed * 3600:,.0f} {unit}/h" if speed else "")

        yield advance


def track(items: Iterable[T], description: str, *, total: int, unit: str) -> Iterator[T]:
    """Yields ``items`` while a bar follows them."""
    with progress(description, total=total, unit=unit) as advance:
        for item in items:
            yield item
            advance()
