"""Families of networks, and their members."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, optional, table


def families(document: Document) -> str:
    """A row a family and reader."""
    return _told(document["families"], "family")


def members(document: Document) -> str:
    """A row an architecture and reader."""
    return _told(document["members"], "architecture")


def _told(found: list[Document], kind: str) -> str:
    """Of the models that are read, then of all."""
    rows = [
        [
            one[kind], one["reader"], f"{one['learned_from']}, {one['models']}", interval(one["read"]),
            *(optional(one["accepted"][what]) for what in ("halves", "extremes", "levels", "covers")),
            *(optional(one["all"][what]) for what in ("halves", "extremes")),
            optional(one["reference"]["halves"]),
        ]
        for one in found
    ]  # fmt: skip
    told = "halves | extremes | five levels | interval covers"
    return table(
        f"never met | reader has met | learned from, models | read | {told} | of all: halves | extremes | "
        "reference: halves",
        rows,
    )
