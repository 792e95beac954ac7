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

    Where the window is too narrow for whole cells, they are broken between words, numbers with intervals last of all.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(one_line(title)), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    cells = [[one_line(cell) for cell in row] for row in [columns, *rows]]
    room = console().width - 2 * len(columns) - 1
    for column, width in zip(cells[0], _widths(list(zip(*cells, strict=True)), room), strict=True):
        table.add_column(Text(column), overflow="fold", width=width)
    for row in cells[1:]:
        table.add_row(*map(Text, row))
    console().print(table)


def _widths(columns: Sequence[Sequence[str]], room: int) -> list[int]:
    """How wide each column is: the widest are narrowed to their longest words, then numbers with intervals, then any.

    >>> _widths([["sex = female", "sex = male"], [".31 [.28, .34]"]], 21)
    [7, 14]
    """
    from rich.cells import cell_len

    def longest(parts: Iterable[str]) -> int:
        return max(map(cell_len, parts), default=1)

    words = [longest(word for cell in cells for word in cell.split(" ")) for cells in columns]
    numbers = [any(map(_INTERVAL.match, cells)) for cells in columns]
    widths = [min(longest(cells), room) for cells in columns]
    kept = [width if whole else word for width, word, whole in zip(widths, words, numbers, strict=True)]
    for least in (kept, words, [1] * len(words)):
        while sum(widths) > room and (wide := [place for place, width in enumerate(widths) if width > least[place]]):
            widths[max(wide, key=widths.__getitem__)] -= 1
    return widths
