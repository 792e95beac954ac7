"""Which group a model favours."""

from __future__ import annotations

from meta_predictions import Document

from meta_tables.cells import interval, number, table
from meta_tables.scores import controls_that_failed, named_by_controls


def groups(document: Document) -> str:
    report, favour = document["report"], document["favour"]
    scores = table(
        "reader | exact subgroup | log-loss | Brier | calibration p",
        [
            [
                name, *(interval(score[part]) for part in ("levels", "log_loss", "brier")),
                f"{score['calibration']['sureness']:.2f}, {score['calibration']['counts']:.2f}",
            ]
            for name, score in document["readers"].items()
        ],
    )  # fmt: skip
    names = report["level_names"]
    planted = table(
        "favours | " + " | ".join([f"named {n}" for n in names] + [f"accuracy gained in {n}" for n in names]),
        [
            [name, *map(str, row), *(interval(favour["gain"][name][other]) for other in names)]
            for name, row in zip(names, report["confusion"], strict=True)
        ],
    )
    usual = ", ".join(f"{name} {number(rate)}" for name, rate in favour["even_accuracy"].items())
    gained, most = (interval(favour[f"planted has the largest {what}"]) for what in ("gain", "accuracy"))
    return "\n\n".join(
        [
            f"{report['train']} to learn from, {report['validation']} to calibrate on, {report['test']} test, "
            f"of {document['planned']:,} planned",
            scores,
            f"Less the reference: {interval(report['against_oracle'])}. Not abstained from: "
            f"{interval(report['accepted'])}. Negative controls: {controls_that_failed(report)} "
            f"(subgroups named: {named_by_controls(report)}).",
            _group_curves(document["curves"]),
            planted,
            f"Gained over {favour['even_models']} models that favour none (accuracy: {usual}). The planted subgroup "
            f"has the largest gain in {gained} of the test models, the largest accuracy in {most}.",
        ]
    )


def _group_curves(curves: Document) -> str:
    """Shares by the number of models learned from, and what a power law through them says."""
    sizes = [size for size, _ in next(iter(curves.values()))["points"]]
    rows = [
        [name, *(interval(estimate) for _, estimate in found["points"]), *_law(found)] for name, found in curves.items()
    ]
    return table(
        f"learned from | {' | '.join(map(str, sizes))} | by the law at 3,600 | models for .90 (low, high)", rows
    )


def _law(found: Document) -> list[str]:
    """Where the curve was fitted."""
    if "needed" not in found:
        return ["–", "–"]
    needed = [found["needed"][part] for part in ("value", "low", "high")]
    value, low, high = ("never" if power > 7 else f"{10**power:,.0f}" for power in needed)
    return [interval(found["beyond"]), f"{value} ({low}, {high})"]
