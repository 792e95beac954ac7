"""How numbers look in a table, and the table itself."""

from __future__ import annotations

import re
from collections.abc import Iterable

from meta_predictions import Document


def table(header: str, rows: Iterable[list[str]]) -> str:
    """Of Markdown; the header's titles lie between bars."""
    count = header.count("|") + 1
    lines = [f"| {header} |", "|" + " --- |" * count, *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def interval(estimate: Document, *, scale: float = 1, digits: int = 2) -> str:
    """A value with its interval: ``.74 [.67, .81]``."""
    value, low, high = (number(scale * estimate[part], digits=digits) for part in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def optional(estimate: Document | None) -> str:
    """An interval, or a dash where there is none."""
    return interval(estimate) if estimate else "–"


def number(value: float, *, digits: int = 2) -> str:
    """Without a leading zero, with a minus sign: ``−.05``."""
    return re.sub(r"(?<!\d)0\.", ".", f"{value:.{digits}f}").replace("-", "−")


def signed(value: float | None) -> str:
    """With its sign, or a dash where there is none: ``+0.05``."""
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")
