"""Readers of variances of colour, by budget and by what they see."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, table

SCORES = "four levels | halves | extremes | error of log σ | R²"
ZOOS = {
    "long_sigma": "one recipe",
    "long_varied": "recipes vary",
    "shared/own-own-one": "one recipe, 700 images, 300 steps",
    "shared/own-own-varied": "recipes vary, about 700 images, 200 to 450 steps",
}


def budget(document: Document) -> str:
    """The library's reader beside the behavioural reference, by steps and models."""
    of_one = [r for r in document["readers"] if r["zoo"] == "long_sigma"]
    own = [r for r in of_one if r["reader"] == of_one[0]["reader"]]
    reference = filter(_is_reference, of_one)
    rows = [
        [str(r["steps"]), str(r["learned"]), str(r["test"]), *_scores(r), interval(other["levels"])]
        for r, other in zip(own, reference, strict=True)
    ]
    return table(f"steps | models learned from | test | {SCORES} | reference: four levels", rows)


def readers(document: Document) -> str:
    """All readers at the budget of most models, and of the other zoos."""
    shown = [r for r in _at_most(document) if _is_reader(r)]
    rows = [[*_told(r), interval(r["more"]) if "more" in r else ""] for r in shown]
    return table(f"zoo | learned from, test | reader | {SCORES} | four levels less the reference", rows)


def features(document: Document) -> str:
    """Groups of features alone, and negative controls."""
    shown = [r for r in _at_most(document) if r["zoo"].startswith("long") and not _is_reader(r)]
    return table(f"zoo | learned from, test | features | {SCORES}", map(_told, shown))


def _is_reader(scores: Document) -> bool:
    """And neither a group of features nor a control; a reader is compared with the reference, but for that itself."""
    return "more" in scores or _is_reference(scores)


def _is_reference(scores: Document) -> bool:
    return "inference-free" in scores["reader"]


def _at_most(document: Document) -> list[Document]:
    """Of the zoo of one recipe the readers of most models, at most steps; of others all."""
    most = max((r["learned"], r["steps"]) for r in document["readers"] if r["zoo"] == "long_sigma")
    return [r for r in document["readers"] if r["zoo"] != "long_sigma" or (r["learned"], r["steps"]) == most]


def _told(scores: Document) -> list[str]:
    return [ZOOS[scores["zoo"]], f"{scores['learned']}, {scores['test']}", scores["reader"], *_scores(scores)]


def _scores(scores: Document) -> list[str]:
    shares = [interval(scores[name]) for name in ("levels", "halves", "extremes")]
    return [*shares, interval(scores["rmse"], scale=0.5, digits=3), interval(scores["r2"])]
