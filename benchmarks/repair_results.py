"""The repair benchmark's results, arm by arm, and how two arms are compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from scipy.stats import t, wilcoxon

REFERENCES = ("original", "retrained with all twins")
NEEDED = ("**unlearning**", "DFR")
"""Without which nothing is compared."""
Rows = list[dict[str, Any]]
Seeds = dict[int, dict[str, Any]]
"""Results of one arm by seed."""
Arms = dict[str, Seeds]
Kind = Literal["ours", "baseline", "control", "reference"]


def complete(rows: Rows) -> Arms:
    """Arms in the order of their first result, with the seeds that all arms have; empty when there are none yet."""
    found = defaultdict[str, Seeds](dict)
    for row in rows:
        found[row["arm"]][row["seed"]] = row
    shared = set[int].intersection(*(set(seeds) for seeds in found.values())) if found else set[int]()
    if not shared or not found.keys() >= set(NEEDED):
        return {}
    return {arm: {seed: seeds[seed] for seed in sorted(shared)} for arm, seeds in found.items()}


def kind(arm: str) -> Kind:
    """Ours are in bold; controls and variants of ours are neither ours nor baselines."""
    if arm.startswith("**"):
        return "ours"
    if arm in REFERENCES:
        return "reference"
    return "control" if arm.startswith(("its control", "unlearning")) else "baseline"


def best(arms: Arms, among: Kind) -> str:
    """The arm of a kind with the highest mean worst-group accuracy."""
    return max((arm for arm in arms if kind(arm) == among), key=lambda arm: mean(arms[arm], "worst_group"))


def plain(arm: str) -> str:
    """The name without bold type and explanation."""
    return arm.replace("*", "").replace("its control: ", "control: ").split(": curriculum")[0]


def mean(seeds: Seeds, column: str) -> float:
    """Over seeds."""
    return float(np.mean([row[column] for row in seeds.values()]))


def median(seeds: Seeds, value: Callable[[dict[str, Any]], float]) -> float:
    """Over seeds."""
    return float(np.median([value(row) for row in seeds.values()]))


def differences(first: Seeds, second: Seeds, column: str = "worst_group") -> np.ndarray:
    """Paired by seed, in points."""
    shared = sorted(first.keys() & second.keys())
    return 100 * np.array([first[seed][column] - second[seed][column] for seed in shared])


def bounds(values: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """t interval of the mean; nothing is known from one value."""
    if len(values) < 2:
        return -np.inf, np.inf
    half = t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def spelled(values: np.ndarray, confidence: float = 0.95) -> str:
    """Mean and t interval of differences in points."""
    low, high = bounds(values, confidence)
    return f"{values.mean():+.1f} [{low:+.1f}, {high:+.1f}]"


def comparison(first: Seeds, second: Seeds) -> str:
    """Mean paired difference of worst-group accuracy in points, its 95 % interval, Wilcoxon's two-sided p."""
    found = differences(first, second)
    if len(found) < 2 or not found.any():
        return "–"
    return f"{spelled(found)} ({wilcoxon(found).pvalue:.3f})"  # pyright: ignore[reportAttributeAccessIssue]


def markdown(lines: list[list[str]]) -> str:
    """A table; the first line is its header."""
    rows = [lines[0], ["---"] * len(lines[0]), *lines[1:]]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in rows)
