"""Zoos that behave as the published one."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, number, table


def calibration(document: Document) -> str:
    told = ("steps", "batch", "rate", "schedule", "colours", "digits", "normalisation", "seeds")
    rows = [
        [str(line[name]) for name in told]
        + [number(line["mean"][variance]) if variance in line["mean"] else "" for variance in document["authors"]]
        for line in document["tried"]
    ]
    aim = [*[""] * (len(told) - 1), "published", *(number(mean, digits=3) for mean in document["authors"].values())]
    header = "steps | batch | rate | schedule | colours a digit | digits | input | networks | "
    return table(header + " | ".join(f"σ² {variance}" for variance in document["authors"]), [aim, *rows])


def behaviour(document: Document) -> str:
    rows = [["published", "", *(number(mean, digits=3) for mean in document["authors"].values())]]
    for start in dict.fromkeys(level["start"] for level in document["behaviour"]):
        levels = [level for level in document["behaviour"] if level["start"] == start]
        told = [f"{number(level['mean'])} ± {number(level['sd'])}" for level in levels]
        rows.append([f"{start} start", str(sum(level["models"] for level in levels)), *told])
    return table("zoo | models | " + " | ".join(f"σ² {variance}" for variance in document["authors"]), rows)


def read(document: Document) -> str:
    told = {"unseen": "of digits that no choice saw", "all": "all"}
    rows = [
        [kind, told[which], str(found["train"]), str(found["test"]), name]
        + [interval(score[what]) for what in ("levels", "halves", "extremes")]
        for kind, zoo in document["read"].items()
        for which, found in zoo.items()
        for name, score in found.items()
        if isinstance(score, dict)
    ]
    if not rows:
        return "Not yet: there are too few models."
    return table("start | models read | learned from | test | reader | four levels | halves | extremes", rows)
