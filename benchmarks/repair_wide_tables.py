"""One table a world in report/repair_at_scale.md, from what was measured at ResNet-18's width."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from repair_results import Seeds, comparison, markdown, mean
from repair_tables import filled, interval

PAGE = Path(__file__).parent / "report" / "repair_at_scale.md"
ALLOWED = 1 / 50
"""Most of training's time that unlearning was to take."""


def write_tables(rows: list[dict[str, Any]]) -> None:
    """Between the page's markers: what unlearning was to reach, then each world."""
    worlds = defaultdict[str, dict[str, Seeds]](lambda: defaultdict(dict))
    for row in rows:
        worlds[row["world"]][row["arm"]][row["seed"]] = {**row, "worst_group": worst(row["groups"])}
    page = filled(PAGE.read_text(), "claim", markdown(claim(worlds)))
    tables = [f"**{name}**\n\n{markdown(table(arms))}" for name, arms in sorted(worlds.items())]
    PAGE.write_text(filled(page, "wide", "\n\n".join(tables)))


def worst(groups: list[list[float]]) -> float:
    """The group that is worst on one half of the test images, scored on the other; the mean of both ways."""
    halves = np.array(groups)
    return float(np.mean([halves[1 - half][halves[half].argmin()] for half in (0, 1)]))


def claim(worlds: dict[str, dict[str, Seeds]]) -> list[list[str]]:
    """Unlearning against DFR, and its time as a share of training's."""
    lines = [
        ["world", "seeds", "− DFR (p)", "seconds", "of training", "with the pass", "≤ 1/50", "with the pass ≤ 1/50"]
    ]
    for name, arms in sorted(worlds.items()):
        own = arms["**unlearning**"]
        spent = [text for passed in (False, True) for text in kept_to(share(own, passed=passed))]
        lines.append([name, str(len(own)), comparison(own, arms["DFR"]), f"{mean(own, 'seconds'):.1f}", *spent])
    return lines


def kept_to(spent: float) -> tuple[str, str]:
    """A share of training, and whether it is at most what was claimed."""
    return f"1/{1 / spent:.0f}", "yes" if spent <= ALLOWED else "no"


def table(arms: dict[str, Seeds]) -> list[list[str]]:
    """One row an arm."""
    biased, cost = ["B", "\\|B\\|"], ["CPU s", "of training", "with the pass"]
    lines = [["method", "seeds", "aligned", "conflicting", "worst group", "− DFR (p)", *biased, *cost]]
    for arm, seeds in arms.items():
        accuracies = [interval(seeds, column) for column in ("aligned", "conflicting", "worst_group")]
        biases = [f"{mean(seeds, column):.2f}" for column in ("bias", "absolute_bias")]
        shares = [f"{share(seeds, passed=passed):.3f}" for passed in (False, True)]
        spent = [f"{mean(seeds, 'seconds'):.1f}", *shares] if arm != "original" else ["–"] * 3
        lines.append([arm, str(len(seeds)), *accuracies, comparison(seeds, arms["DFR"]), *biases, *spent])
    return lines


def share(seeds: Seeds, *, passed: bool) -> float:
    """Seconds of training's, the mean over seeds; ``passed`` counts the pass that caches features."""
    return float(
        np.mean(
            [(row["seconds"] + passed * row["features_seconds"]) / row["training_seconds"] for row in seeds.values()]
        )
    )
