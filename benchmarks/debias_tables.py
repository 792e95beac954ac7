"""Tables and the figure of docs/repair.md from the repair benchmark's results."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import t, wilcoxon

ROOT = Path(__file__).parents[1]
PAGE, FIGURE = ROOT / "docs" / "repair.md", ROOT / "docs" / "figures" / "repair.svg"
REFERENCES = ("original", "retrained with all twins")
FAIRNESS = ("ddp", "tpr_gap", "fpr_gap")
MARGIN = 2.0
"""Of non-inferiority, in points of worst-group accuracy."""
Rows = list[dict[str, Any]]
Seeds = dict[int, dict[str, Any]]
"""Results of one arm by seed."""


def write_tables(worlds: dict[str, Rows]) -> None:
    """Between the page's markers: one table a world, and one of the goals over all worlds."""
    page = PAGE.read_text()
    for name, rows in worlds.items():
        page = filled(page, name, table(by_arm(rows)))
    page = filled(page, "goals", goals(worlds))
    PAGE.write_text(page)


def filled(page: str, name: str, text: str) -> str:
    """The page with the text between its markers of that name, if it has them."""
    block = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    return block.sub(lambda match: f"{match[1]}{text}\n{match[2]}", page)


def by_arm(rows: Rows) -> dict[str, Seeds]:
    """Arms in the order of their first result."""
    found = defaultdict[str, Seeds](dict)
    for row in rows:
        found[row["arm"]][row["seed"]] = row
    return dict(found)


def ours(arm: str) -> bool:
    """Whether it is a method of this project: those in bold."""
    return arm.startswith("**")


def rival(arm: str) -> bool:
    """Whether it is a baseline: neither ours, nor a control or variant of ours, nor a reference."""
    return not (ours(arm) or arm in REFERENCES or arm.startswith(("its control", "unlearning")))


def best(arms: dict[str, Seeds], *, among: Any) -> str:
    """The arm with the highest mean worst-group accuracy of those with the most seeds."""
    chosen = {arm: seeds for arm, seeds in arms.items() if among(arm)}
    most = max(map(len, chosen.values()))
    return max((arm for arm in chosen if len(chosen[arm]) == most), key=lambda arm: mean(chosen[arm], "worst_group"))


def mean(seeds: Seeds, column: str) -> float:
    """Over seeds."""
    return float(np.mean([row[column] for row in seeds.values()]))


def known(seeds: Seeds, column: str, form: str) -> str:
    """The mean, or a dash where the arm has no such figure."""
    missing = any(row[column] is None for row in seeds.values())
    return "–" if missing else form.format(mean(seeds, column))


def table(arms: dict[str, Seeds]) -> str:
    """Markdown, one row an arm: means over seeds with 95 % t intervals, and paired differences from two baselines."""
    strongest = best(arms, among=rival)
    fair = "tpr_gap" in next(iter(arms["original"].values()))
    extra = ["DDP", "TPR gap", "FPR gap"] if fair else []
    header = [
        "method", "seeds", "aligned", "conflicting", "worst group", "− DFR (p)", f"− {strongest} (p)", "swapped",
        "attributed", "B", "\\|B\\|", *extra, "CPU s", "moved",
    ]  # fmt: skip
    lines = [header, ["---"] * len(header)]
    for arm, seeds in arms.items():
        shown = ["swap_rate", "attribution_share", "bias", "absolute_bias", *(FAIRNESS if fair else ())]
        shares = [known(seeds, name, "{:.2f}") for name in shown]
        seconds = np.median([row["seconds"] for row in seeds.values()])
        cells = [interval([row[name] for row in seeds.values()]) for name in ("aligned", "conflicting", "worst_group")]
        compared = [comparison(seeds, arms.get(other, {})) for other in ("DFR", strongest)]
        cost = [f"{seconds:.1f}", known(seeds, "moved", "{:.1%}").replace("%", " %")]
        lines.append([arm, str(len(seeds)), *cells, *compared, *shares, *cost])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def interval(values: list[float]) -> str:
    """Mean ± half-width of the 95 % t interval."""
    if len(values) < 2:
        return f"{values[0]:.3f}"
    half = t.ppf(0.975, len(values) - 1) * np.std(values, ddof=1) / np.sqrt(len(values))
    return f"{np.mean(values):.3f} ± {half:.3f}"


def differences(first: Seeds, second: Seeds, column: str = "worst_group") -> np.ndarray:
    """Paired by seed, in points."""
    shared = sorted(first.keys() & second.keys())
    return 100 * np.array([first[seed][column] - second[seed][column] for seed in shared])


def bounds(values: np.ndarray, confidence: float = 0.95) -> tuple[float, float]:
    """Paired t interval of the mean."""
    half = t.ppf((1 + confidence) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def comparison(first: Seeds, second: Seeds) -> str:
    """Mean paired difference of worst-group accuracy in points, its 95 % interval, Wilcoxon's two-sided p."""
    found = differences(first, second)
    if len(found) < 2 or not found.any():
        return "–"
    low, high = bounds(found)
    return f"{found.mean():+.1f} [{low:+.1f}, {high:+.1f}] ({wilcoxon(found).pvalue:.3f})"


def goals(worlds: dict[str, Rows]) -> str:
    """One row a world: what was aimed at, and what came out."""
    header = [
        "world", "seeds", "best of ours − best baseline", "unlearning − DFR, 90 % interval", "non-inferior (2 points)",
        "curriculum − no curriculum", "− noise", "− target attack", "aligned − original", "gap, of the original's",
    ]  # fmt: skip
    lines = [header, ["---"] * len(header)]
    for name, rows in worlds.items():
        arms = by_arm(rows)
        mine, theirs = best(arms, among=ours), best(arms, among=rival)
        step = differences(arms["**unlearning**"], arms["DFR"])
        low, high = bounds(step, 0.90)
        leader = f"{mine.replace('*', '').split(':')[0]} {comparison(arms[mine], arms[theirs])} {theirs}"
        verdict = "yes" if low > -MARGIN else "no" if high < -MARGIN else "not shown"
        cells = [f"{step.mean():+.1f} [{low:+.1f}, {high:+.1f}]", verdict, *curriculum(arms)]
        lines.append([name, str(len(arms[mine])), leader, *cells])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def curriculum(arms: dict[str, Seeds]) -> list[str]:
    """Against its controls and its own claims; the gap is aligned minus conflicting."""
    found = arms.get("**adversarial curriculum**")
    if not found:
        return ["–"] * 5
    controls = ("no curriculum", "noise of equal size", "target attack")
    compared = [comparison(found, arms.get(f"its control: {control}", {})) for control in controls]
    aligned = differences(found, arms["original"], "aligned")
    gaps = [mean(seeds, "aligned") - mean(seeds, "conflicting") for seeds in (found, arms["original"])]
    return [
        *compared,
        "{:+.1f} [{:+.1f}, {:+.1f}]".format(aligned.mean(), *bounds(aligned)),
        f"{gaps[0] / gaps[1]:.2f}",
    ]


def write_figure(worlds: dict[str, Rows]) -> None:
    """Worst-group accuracy of every method with 95 % t intervals, one panel a world."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams |= {"svg.hashsalt": "biasgate", "font.size": 8}
    import matplotlib.pyplot as plt

    columns = min(3, len(worlds))
    height = -(-len(worlds) // columns)
    figure, axes = plt.subplots(height, columns, figsize=(3.7 * columns, 3.4 * height), squeeze=False, sharex=True)
    for place, axis in enumerate(axes.flat):
        if place >= len(worlds):
            axis.set_visible(False)
            continue
        name, arms = list(worlds)[place], by_arm(list(worlds.values())[place])
        for height_of, (arm, seeds) in enumerate(reversed(arms.items())):
            values = np.array([row["worst_group"] for row in seeds.values()])
            colour = (
                "#0b6e4f" if ours(arm) else "#888888" if arm in REFERENCES else "#3355aa" if rival(arm) else "#c07a1c"
            )
            error = values.mean() - bounds(values)[0] if len(values) > 1 else 0.0
            axis.errorbar(values.mean(), height_of, xerr=error, fmt="o", markersize=4, color=colour, capsize=2)
        labels = [arm.replace("*", "").replace("its control: ", "control: ") for arm in reversed(arms)]
        axis.set_yticks(range(len(arms)), labels)
        axis.set_title(f"{name} ({max(map(len, arms.values()))} seeds)")
        axis.set_xlim(0, 1)
        axis.grid(axis="x", alpha=0.3)
    figure.supxlabel("worst-group accuracy (label × aligned or conflicting), mean and 95 % interval")
    figure.tight_layout()
    figure.savefig(FIGURE, metadata={"Date": None})


def colour(arm: str) -> str:
    """Green for ours, grey for references, blue for baselines, orange for controls and variants."""
    return "#0b6e4f" if ours(arm) else "#888888" if arm in REFERENCES else "#3355aa" if rival(arm) else "#c07a1c"
