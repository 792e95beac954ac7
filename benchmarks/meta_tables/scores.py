"""Scores of one reader among biased models, as cells."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval

SCORES = "four levels | halves | extremes | none vs any | error | Brier | calibration p"
"""Of a table; ``scores`` fills them."""


def scores(document: Document, zoo: str) -> list[str]:
    """Among biased models, but for none against any; σ² errors are halved: of log σ."""
    biased, scale = document["biased"], 0.5 if "sigma" in zoo else 1
    test = biased["calibration"]
    return [
        *(interval(biased[name]) for name in ("levels", "halves", "extremes")),
        interval(document["none_or_any"]),
        interval(biased["rmse"], scale=scale, digits=2 if scale == 1 else 3),
        interval(biased["brier"]),
        f"{test['sureness']:.2f}, {test['counts']:.2f}",
    ]
