"""Models that were fine-tuned from one checkpoint."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, table
from meta_tables.scores import SCORES, scores


def tuned(document: Document) -> str:
    readers = document["readers"]
    rows = [[name, *scores(found, ""), interval(found["bias_r2"])] for name, found in readers.items()]
    test = next(iter(readers.values()))["test"]
    counts = f"{document['train']} to learn from, {document['validation']} to calibrate on, {test} test"
    told = f"{counts}, of {document['planned']:,} planned. The pretrained model is right in"
    told += f" {interval(document['pretrained_accuracy'])} of the digits for measuring, in any colour."
    return f"{told}\n\n" + table(f"reader | {SCORES} | measured bias R²", rows)
