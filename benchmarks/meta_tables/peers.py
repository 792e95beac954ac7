"""Readers beside each other on one zoo."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import table
from meta_tables.scores import SCORES, scores


def peers(document: Document, zoo: str) -> str:
    best = min(document["peers"], key=lambda name: _validation_loss(document["peers"][name], name))
    rows = [
        [f"{name}{' ←' if name == best else ''}", f"{_validation_loss(found, ''):.2f}", *scores(found["test"], zoo)]
        for name, found in document["peers"].items()
    ]
    counts = f"{document['train']} to learn from, {document['validation']} to calibrate on, {document['test']} test"
    return f"{counts}\n\n" + table(f"reader | validation log-loss | {SCORES}", rows)


def _validation_loss(found: Document, name: str) -> float:
    return float("inf") if "inference-free" in name else found["validation"]["all"]["log_loss"]["value"]
