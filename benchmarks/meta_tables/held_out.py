"""Own zoos held out: scores, features alone, and how they grow with the zoo."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, table
from meta_tables.scores import SCORES, controls_that_failed, named_by_controls, scores


def held_out(documents: dict[str, Document]) -> str:
    def row(zoo: str, document: Document) -> list[str]:
        report = document["report"]
        bias, against = report["measured_bias"], report["against_oracle"]
        return [
            f"{zoo} ({report['train']} + {report['validation']} + {report['test']} of {document['planned']})",
            interval(report["score"]["levels"]),
            interval(report["score"]["kappa"]),
            interval(bias["r2"]), interval(bias["within_level"]), interval(bias["coverage"]),
            interval(against["levels"]), interval(against["rmse"]),
            f"{controls_that_failed(report)} ({named_by_controls(report)})",
        ]  # fmt: skip

    header = (
        "zoo | all levels | kappa | measured bias R² | within levels | interval covers | "
        "levels − reference | reference's RMSE − ours | negative controls (levels named)"
    )
    return table(header, [row(zoo, document) for zoo, document in documents.items()])


def ablation(documents: dict[str, Document]) -> str:
    reports = {zoo: document["report"] for zoo, document in documents.items()}
    first = next(iter(reports.values()), None)
    if first is None:
        return ""
    names = [score["name"] for part in ("ablation", "shortcuts") for score in first[part]]
    rows = [
        [name, *(interval(next(s for p in ("ablation", "shortcuts") for s in report[p] if s["name"] == name)["levels"])
                 for report in reports.values())]
        for name in names
    ]  # fmt: skip
    return table("alone | " + " | ".join(reports), rows)


def curve(documents: dict[str, Document]) -> str:
    rows = [
        [zoo, str(point["train"]), *scores(point, zoo)]
        for zoo, document in documents.items()
        for point in document["curve"]
    ]
    return table(f"zoo | learned from | {SCORES}", rows)
