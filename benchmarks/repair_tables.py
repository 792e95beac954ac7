"""One table a world in benchmarks/report/repair.md, from the repair benchmark's results."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from repair_goals import by_data_set, curricula, losers, unlearning
from repair_results import Arms, Seeds, best, bounds, comparison, markdown, mean, median

PAGE = Path(__file__).parents[1] / "benchmarks" / "report" / "repair.md"
LEANING = {"swapped": "swap_rate", "attributed": "attribution_share", "B": "bias", "\\|B\\|": "absolute_bias"}
FAIRNESS = {"accuracy": "accuracy", "DDP": "ddp", "TPR gap": "tpr_gap", "FPR gap": "fpr_gap"}


def write_tables(worlds: dict[str, Arms]) -> None:
    """Between the page's markers: the goals over all worlds, then each world."""
    page = PAGE.read_text()
    goals = {"data sets": by_data_set(worlds), "unlearning": unlearning(worlds), "curriculum": curricula(worlds)}
    goals["losers"] = losers(worlds)
    for name, lines in goals.items():
        page = filled(page, name, markdown(lines))
    page = filled(
        page, "figure", "![Worst-group accuracy of every method in every world](../../docs/figures/repair.svg)"
    )
    for name, arms in worlds.items():
        seeds = len(arms["original"])
        page = filled(page, name, f"**{name}**, {seeds} seeds\n\n{markdown(table(arms))}")
    PAGE.write_text(page)


def filled(page: str, name: str, text: str) -> str:
    """The page with the text between its markers of that name.

    Raises:
        ValueError: It has no such markers.
    """
    block = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    changed, count = block.subn(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)
    if count != 1:
        raise ValueError(f"the page has {count} places for {name!r}")
    return changed


def table(arms: Arms) -> list[list[str]]:
    """One row an arm: means over seeds with 95 % t intervals, and paired differences from two baselines."""
    strongest = best(arms, "baseline")
    others = ["DFR"] if strongest == "DFR" else ["DFR", strongest]
    shown = LEANING | (FAIRNESS if "tpr_gap" in next(iter(arms["original"].values())) else {})
    compared = [f"− {other} (p)" for other in others]
    lines = [["method", "aligned", "conflicting", "worst group", *compared, *shown, "CPU s", "moved"]]
    for arm, seeds in arms.items():
        accuracies = [interval(seeds, column) for column in ("aligned", "conflicting", "worst_group")]
        differences = [comparison(seeds, arms[other]) for other in others]
        figures = [known(seeds, column, "{:.2f}") for column in shown.values()]
        cost = [f"{median(seeds, lambda row: row['seconds']):.1f}", known(seeds, "moved", "{:.1%}").replace("%", " %")]
        lines.append([arm, *accuracies, *differences, *figures, *cost])
    return lines


def interval(seeds: Seeds, column: str) -> str:
    """Mean ± half-width of the 95 % t interval, if more than one seed gives one."""
    values = np.array([row[column] for row in seeds.values()])
    half = f" ± {bounds(values)[1] - values.mean():.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{half}"


def known(seeds: Seeds, column: str, form: str) -> str:
    """The mean, or a dash where the arm has no such figure."""
    missing = any(row[column] is None for row in seeds.values())
    return "–" if missing else form.format(mean(seeds, column)).replace("-0.00", "0.00")
