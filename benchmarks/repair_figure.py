"""docs/figures/repair.svg from the repair benchmark's results."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from repair_results import Arms, Kind, bounds, kind, plain

FIGURE = Path(__file__).parents[1] / "docs" / "figures" / "repair.svg"
LOOK: dict[Kind, tuple[str, str, str]] = {
    "ours": ("#0b6e4f", "D", "ours"),
    "baseline": ("#3355aa", "o", "baselines"),
    "control": ("#c07a1c", "^", "controls and variants of ours"),
    "reference": ("#777777", "s", "original; retrained with all twins"),
}
"""Colour, marker and name in the legend."""
PANEL, NARROWEST, LABELS, MARGINS = (1.7, 0.165), 7.2, 2.1, 0.75
"""Inches: a panel's width and its height an arm, the figure's least width, the width of arms' names, what is above and
below panels."""


def write_figure(worlds: dict[str, Arms]) -> None:
    """Worst-group accuracy of every arm with 95 % t intervals: a row of panels a data set, a panel a world."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "biasgate", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8}
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    rows = defaultdict[str, list[str]](list)
    for name in worlds:
        rows[name.split()[0]].append(name)
    columns = max(map(len, rows.values()))
    heights = [PANEL[1] * max(len(worlds[name]) for name in names) + MARGINS for names in rows.values()]
    wide = max(PANEL[0], (NARROWEST - LABELS) / columns)
    width, height = LABELS + wide * columns, sum(heights) + 0.5
    figure = plt.figure(figsize=(width, height))
    top = height
    for names, tall in zip(rows.values(), heights, strict=True):
        top -= tall
        for place, name in enumerate(names):
            left = (LABELS + place * wide) / width
            box = (left, (top + 0.35) / height, (wide - 0.15) / width, (tall - MARGINS) / height)
            draw(figure.add_axes(box), name, worlds[name], labelled=place == 0)
    marks = [
        Line2D([], [], linestyle="", marker=marker, color=colour, label=label)
        for colour, marker, label in LOOK.values()
    ]
    figure.legend(handles=marks, loc="lower center", ncols=4, frameon=False)
    seeds = sorted({len(arms["original"]) for arms in worlds.values()})
    counted = f"{seeds[0]}–{seeds[-1]}" if len(seeds) > 1 else str(seeds[0])
    explained = f"worst-group accuracy (label × aligned or conflicting), mean and 95 % interval over {counted} seeds"
    figure.text(0.5, 0.34 / height, explained, ha="center")
    figure.savefig(FIGURE, metadata={"Date": None})


def draw(axis: Any, name: str, arms: Arms, *, labelled: bool) -> None:
    """One panel."""
    for place, (arm, seeds) in enumerate(reversed(arms.items())):
        values = np.array([row["worst_group"] for row in seeds.values()])
        colour, marker, _ = LOOK[kind(arm)]
        error = min(1.0, bounds(values)[1] - values.mean())
        axis.errorbar(values.mean(), place, xerr=error, fmt=marker, markersize=3.5, color=colour)
    names = [plain(arm) for arm in reversed(arms)] if labelled else [""] * len(arms)
    axis.set_yticks(range(len(arms)), names)
    axis.set_title(name, fontsize=8)
    axis.set_xlim(0, 1)
    axis.set_ylim(-0.7, len(arms) - 0.3)
    axis.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "", ".5", "", "1"])
    axis.grid(axis="x", alpha=0.3)
