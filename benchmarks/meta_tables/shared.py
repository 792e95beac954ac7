"""What the models of a zoo share."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, table


def shared(document: Document) -> str:
    cells = document["cells"]
    readers = [name for name in cells[0] if isinstance(cells[0][name], dict)]
    rows = [
        [
            cell["start"], cell["palette"], cell["recipe"], f"{cell['train']}, {cell['test']}",
            *(f"{interval(cell[reader]['levels'])}; {interval(cell[reader]['extremes'])}" for reader in readers),
        ]
        for cell in cells
    ]  # fmt: skip
    return table("start | palette | recipe | learned from, test | " + " | ".join(readers), rows)
