"""Scores of one reader among biased models, as cells."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval

SCORES = "four levels | halves | extremes | none vs any | error | Brier | calibration p"
"""Of a table; ``scores`` fills them."""


def controls_that_failed(report: Document) -> str:
    """Names of the negative controls that ring, or ``passed``."""
    return ", ".join(control["name"] for control in report["leaks"] if control["rings"]) or "passed"


def named_by_controls(report: Document) -> str:
    """Share of models that each negative control names rightly."""
    return ", ".join(f"{control['name']} {control['levels']['value']:.0%}" for control in report["leaks"])


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
