"""What commands print: tables for people, or one JSON document on stdout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biasgate.foreign_text import json_text, one_line

if TYPE_CHECKING:
    from rich.console import Console

    from biasgate.documents import Document

VERDICT_CODES = {"APPROVED": 0, "REJECTED": 4, "INSUFFICIENT_EVIDENCE": 5}
"""The exit code of a command that ends with a decision; see ``errors``."""
_INTERVAL = re.compile(r"[−-]?[.\d][^\[]*\[[^\]]*\]")
"""A cell that is a number with its interval, such as ``.31 [.28, .34], n 750``."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def console() -> Console:
    """Where people read results; NO_COLOR turns colour off."""
    from rich.console import Console

    return Console(highlight=False)


def print_json(value: Document | dict[str, Any] | list[Any]) -> None:
    """Prints one JSON document."""
    plain = value if isinstance(value, dict | list) else json.loads(value.to_json())
    typer.echo(json_text(plain, indent=2))


def say(*lines: str, err: bool = False) -> None:
    """Prints lines that may hold text of a candidate or a person; each stays one line.

    Args:
        lines: What is said.
        err: Says it on stderr.
    """
    for line in lines:
        typer.echo(one_line(line), err=err)


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table; cells are shown as text, never read as markup, as commands to the terminal, or as more lines.

    Numbers with intervals stay on one line where the other columns can be broken between words instead.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(one_line(title)), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    cells = [[one_line(cell) for cell in row] for row in rows]
    whole = _unbroken([columns, *cells])
    for place, column in enumerate(columns):
        table.add_column(Text(one_line(column)), overflow="fold", no_wrap=place in whole)
    for row in cells:
        table.add_row(*map(Text, row))
    console().print(table)


def _unbroken(rows: Sequence[Sequence[str]]) -> set[int]:
    """Places of the columns of numbers with intervals; none where the window has no room for them on one line."""
    columns = list(zip(*rows, strict=True))
    found = {place for place, cells in enumerate(columns) if any(map(_INTERVAL.match, cells))}
    parts = [[*cells] if place in found else " ".join(cells).split() for place, cells in enumerate(columns)]
    needed = sum(max(map(len, column), default=0) + 2 for column in parts)
    return found if needed <= console().width else set()
