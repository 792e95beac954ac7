"""The rooms of the library as a drawing: ``python docs/figures/rooms.py`` writes ``rooms.svg`` beside this file.

Rooms and arrows are those of ``tests/unit/rooms.yaml``. A room's floor is one above the highest room that it imports; a
column of dots beside each room shows which rooms those are.
"""

from __future__ import annotations

from html import escape
from pathlib import Path

import yaml

ROOMS = Path(__file__).parents[2] / "tests" / "unit" / "rooms.yaml"
LINE, LEFT, STEP, TOP, NAME = 26, 150, 17, 96, 15
"""Pixels: height of a room, left edge of the dots, their distance, room for the slanted names, size of letters."""
INK, FAINT, DOT = "#1d2b2a", "#d7e0de", "#00796b"


def main() -> None:
    """Writes the drawing."""
    Path(__file__).with_name("rooms.svg").write_text(drawing(yaml.safe_load(ROOMS.read_text())))


def floors(allowed: dict[str, list[str]]) -> dict[str, int]:
    """The floor of each room, from the ground up; the ground is 0."""
    found: dict[str, int] = {}
    for room, below in allowed.items():
        found[room] = 1 + max((found[other] for other in below), default=-1)
    return found


def drawing(allowed: dict[str, list[str]]) -> str:
    """The SVG: a row a room with the top floor first, a column a room that is imported."""
    floor = floors(allowed)
    rows = sorted(allowed, key=lambda room: (-floor[room], list(allowed).index(room)))
    columns = [room for room in reversed(rows) if any(room in below for below in allowed.values())]
    width, height = LEFT + STEP * len(columns) + 60, TOP + LINE * len(rows) + 12
    parts = [_column(room, place, height) for place, room in enumerate(columns)]
    parts += [_row(room, place, floor, allowed, columns, rows) for place, room in enumerate(rows)]
    arrows, possible = sum(map(len, allowed.values())), len(allowed) * (len(allowed) - 1) // 2
    said = f"{len(allowed)} rooms on {max(floor.values()) + 1} floors; {arrows} of {possible} possible arrows are used"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" role="img" '
        f'aria-label="{said}" font-family="system-ui, sans-serif" font-size="{NAME}" fill="{INK}">\n'
        f'<title>{said}</title>\n<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _column(room: str, place: int, height: int) -> str:
    x = LEFT + STEP * place
    return (
        f'<line x1="{x}" y1="{TOP - 6}" x2="{x}" y2="{height - 12}" stroke="{FAINT}"/>'
        f'<text x="{x}" y="{TOP - 12}" font-size="13" transform="rotate(-60 {x} {TOP - 12})">{escape(room)}</text>'
    )


def _row(
    room: str, place: int, floor: dict[str, int], allowed: dict[str, list[str]], columns: list[str], rows: list[str]
) -> str:
    y = TOP + LINE * place + LINE // 2
    first = place == 0 or floor[rows[place - 1]] != floor[room]
    number = f'<text x="10" y="{y + 5}" fill="#5a6b69">{floor[room]}</text>' if first else ""
    line = f'<line x1="8" y1="{y - LINE / 2}" x2="100%" y2="{y - LINE / 2}" stroke="{FAINT}"/>' if first else ""
    dots = "".join(
        f'<circle cx="{LEFT + STEP * columns.index(other)}" cy="{y}" r="5.5" fill="{DOT}"/>' for other in allowed[room]
    )
    return f'{line}{number}<text x="34" y="{y + 5}">{escape(room)}</text>{dots}'


if __name__ == "__main__":
    main()
