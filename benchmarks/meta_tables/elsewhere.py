"""Readers on zoos and architectures that they have not met."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, table
from meta_tables.scores import SCORES, scores


def transfer(document: Document) -> str:
    rows = [
        [
            name, str(found["test"]), interval(found["correlation"]), interval(found["measured_bias"]["r2"]),
            interval(found["biased"]["levels"]) if "biased" in found else "other levels",
            interval(found["biased"]["halves"]) if "biased" in found else "other levels",
            interval(found["accepted"]),
        ]
        for name, found in document["transfer"].items()
    ]  # fmt: skip
    return table("from → to | models | correlation | bias R² | four levels | halves | not abstained from", rows)


def architectures(document: Document) -> str:
    rows = [
        [name, str(found["all"]["levels"]["n"]), *scores(found, "")]
        for name, found in document["architectures"].items()
    ]
    told = table(f"never met | models | {SCORES}", rows)
    return f"{told}\n\nHalves of the five levels (the middle one left out), pooled: {interval(document['halves'])}."
