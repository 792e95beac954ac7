"""The table of docs/how-to/repair-methods.md: what each method reached on each kind of data, and what it cost."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np
from repair_results import Arms, Seeds, markdown, mean, median
from repair_tables import filled

PAGE = Path(__file__).parents[1] / "docs" / "how-to" / "repair-methods.md"
KINDS = {"adult": "census rows", "compas": "court rows", "digits": "digits", "faces": "faces", "fashion": "clothes"}
METHODS = {
    "original": "no repair",
    "**unlearning**": "`unlearning`",
    "head refit": "`head_refit`",
    "DFR": "`dfr`",
    "LEACE": "`leace`",
    "full fine-tuning": "`fine_tuning`",
    "GroupDRO": "`group_dro`",
    "JTT": "`jtt`",
    "**adversarial curriculum**": "`adversarial`",
    "**combined**: curriculum, then unlearning": "`combined`",
}


def write_guide(worlds: dict[str, Arms]) -> None:
    """Between the page's markers."""
    PAGE.write_text(filled(PAGE.read_text(), "measured", markdown(measured(worlds))))


def measured(worlds: dict[str, Arms]) -> list[list[str]]:
    """Worst group, and aligned accuracy in brackets: means over the worlds of a kind and their seeds."""
    kinds = defaultdict[str, list[Arms]](list)
    for name, arms in worlds.items():
        kinds[name.split()[0]].append(arms)
    lines = [["method", *(KINDS[kind] for kind in kinds), "seconds"]]
    for arm, method in METHODS.items():
        cells = [_cell([arms[arm] for arms in found if arm in arms]) for found in kinds.values()]
        took = [median(arms[arm], lambda row: row["seconds"]) for arms in worlds.values() if arm in arms]
        lines.append([method, *cells, f"{min(took):.1f} to {max(took):.1f}" if max(took) > 0.1 else "–"])
    return lines


def _cell(seeds: list[Seeds]) -> str:
    if not seeds:
        return "–"
    worst, aligned = (np.mean([mean(one, column) for one in seeds]) for column in ("worst_group", "aligned"))
    return f"{worst:.2f} ({aligned:.2f})"
