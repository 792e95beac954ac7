"""What commands print: tables for people, or one JSON document on stdout."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from biasgate.documents import Document

VERDICT_CODES = {"APPROVED": 0, "REJECTED": 4, "INSUFFICIENT_EVIDENCE": 5}
"""The exit code of a command that ends with a decision; see ``errors``."""
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]


def console() -> Console:
    """Where people read results; NO_COLOR turns colour off."""
    from rich.console import Console

    return Console(highlight=False)


def print_json(value: Document | dict[str, Any] | list[Any]) -> None:
    """Prints one JSON document."""
    plain = value if isinstance(value, dict | list) else json.loads(value.to_json())
    typer.echo(json.dumps(plain, indent=2, ensure_ascii=False))


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Prints a table; cells are shown as they are, never read as markup."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)
