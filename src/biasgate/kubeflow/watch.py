"""What a person sees of a pipeline that runs on this machine: a line a finished task, a bar for long work."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from biasgate.foreign_text import one_line
from biasgate.progress import bars


def heading(text: str) -> None:
    """A line on stderr that says what comes next."""
    from rich.console import Console

    Console(stderr=True, highlight=False).print(one_line(text), style="bold", markup=False)


@contextmanager
def watching() -> Generator[Callable[[dict[str, Any]], None]]:
    """Shows tasks on stderr while a pipeline runs; the yielded function takes their events."""
    with bars() as display:
        rows: dict[str, Any] = {}
        started: dict[int, float] = {}

        def watch(event: dict[str, Any]) -> None:
            if "progress" in event:
                name = event["progress"]
                if name not in rows:
                    rows[name] = display.add_task(f"  {name}", total=event["total"], unit=event["unit"])
                display.update(rows[name], completed=event["done"], total=event["total"])
            elif event["state"] == "started":
                started[event["process"]] = time.monotonic()
            elif event["state"] in ("finished", "failed"):
                mark = "[green]✓[/]" if event["state"] == "finished" else "[red]✗[/]"
                seconds = time.monotonic() - started[event["process"]]
                display.console.print(f"  {mark} {event['task']} [dim]{seconds:.0f} s[/]", highlight=False)

        yield watch
