"""Models of others' trainers and tasks."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, number, table

ABROAD = "models | abstained from | AUC very high against none | five levels | bias RMSE | interval covers"


def _abroad(found: Document) -> list[str]:
    auc = found["extremes_auc"]
    return [
        str(found["models"]), interval(found["abstained"]), "–" if auc is None else number(auc, digits=3),
        *(interval(found[key]) for key in ("levels", "bias_rmse", "interval_covers")),
    ]  # fmt: skip


def trainers(document: Document) -> str:
    rows = [[found["trainer"], found["reader"], *_abroad(found)] for found in document["trainers"]]
    return table(f"trainer | reader | {ABROAD}", rows)


def outside(document: Document) -> str:
    return table(f"read | {ABROAD}", [[name, *_abroad(found)] for name, found in document["outside"].items()])


def strangers(document: Document) -> str:
    rows = [
        [
            name, str(found["models"]), f"{found['auroc']:.3f}",
            interval(found["abstained"]), interval(found["by distance alone"]),
        ]
        for name, found in document["strangers"].items()
    ]  # fmt: skip
    nearest = ", ".join(f"{part:.0%}: {interval(value)}" for part, value in document["nearest"])
    told = table("strangers | models | AUROC | abstained from | by the distance alone", rows)
    return f"{told}\n\nFive levels named rightly among the least strange of the own test models: {nearest}."


def coverage(document: Document) -> str:
    names = [name for name in document["coverage"][0] if name != "validation"]
    rows = [
        [f"{point['validation']:.0%}", *(interval(point[name]) for name in names)] for point in document["coverage"]
    ]
    told = [name if "read" in name else f"{name}: abstained" for name in names]
    return table("validation below the limit | " + " | ".join(told), rows)
