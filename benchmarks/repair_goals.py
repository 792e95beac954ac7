"""What the repair benchmark aimed at, and what came out."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from repair_results import Arms, best, bounds, comparison, differences, mean, median, plain, spelled

MARGIN = 2.0
"""Of non-inferiority, and by how much digits were to be won, in points of worst-group accuracy."""
SECONDS, SHARE = 10.0, 1 / 50
"""Most time that unlearning was to take, and most of that which training takes."""
CURRICULUM = "**adversarial curriculum**"
CONTROLS = tuple(f"its control: {name}" for name in ("no curriculum", "noise of equal size", "target attack"))
MATCHES = {
    "last-layer fine-tuning": "head refit",
    "unlearning, training data": "**unlearning**",
    "unlearning, generated pairs": "**unlearning**",
    "LEACE": "**unlearning**",
    "head refit": "**unlearning**",
    "DFR": "**unlearning**",
    "reweighing": "GroupDRO",
    "group balancing": "GroupDRO",
    "JTT": "GroupDRO",
    "full fine-tuning": "GroupDRO",
    "**adversarial curriculum**": "GroupDRO",
    "**combined**: curriculum, then unlearning": "GroupDRO",
}
"""Each method, and one that needs no more than it and moves the same."""
LOST, GAP = 1.0, 0.5
"""Most points of aligned accuracy that the curriculum was to cost, and most of the original's gap it was to leave."""


def by_data_set(worlds: dict[str, Arms]) -> list[list[str]]:
    """Best of ours against the best baseline of each world, averaged over the worlds of a data set seed by seed."""
    sets = defaultdict[str, list[str]](list)
    for name in worlds:
        sets[name.split()[0]].append(name)
    lines = [["data set", "worlds", "best of ours − best baseline", "of the worlds, won", "goal", "reached"]]
    for data_set, names in sets.items():
        gains = [lead(worlds[name]) for name in names]
        seeds = min(map(len, gains))
        gain = np.mean([found[:seeds] for found in gains], axis=0)
        aim = MARGIN if data_set == "digits" else 0.0
        won = sum(found.mean() >= 0 for found in gains)
        goal = f"≥ {aim:g} points"
        lines.append([data_set, str(len(names)), spelled(gain), str(won), goal, verdict(gain, aim)])
    return lines


def lead(arms: Arms) -> np.ndarray:
    """Best of ours minus the best baseline, seed by seed, in points."""
    return differences(arms[best(arms, "ours")], arms[best(arms, "baseline")])


def verdict(values: np.ndarray, aim: float) -> str:
    """Whether a mean reached what was aimed at, and whether its interval says so too."""
    low, high = bounds(values)
    if values.mean() >= aim:
        return "yes" if low >= aim else "yes, not significantly"
    return "no" if high < aim else "no, not significantly"


def unlearning(worlds: dict[str, Arms]) -> list[list[str]]:
    """Per world: the leaders, then unlearning against DFR and its cost."""
    lines = [[
        "world", "seeds", "best of ours − best baseline (p)", "unlearning − DFR, 90 % interval", "non-inferior",
        "seconds", "of training", "≤ 10 s", "≤ 1/50", "moved",
    ]]  # fmt: skip
    for name, arms in worlds.items():
        mine, theirs, own = best(arms, "ours"), best(arms, "baseline"), arms["**unlearning**"]
        step = differences(own, arms["DFR"])
        low, high = bounds(step, 0.90)
        seconds = median(own, lambda row: row["seconds"])
        share = median(own, lambda row: row["seconds"] / row["training_seconds"])
        lines.append([
            name, str(len(own)), f"{plain(mine)} − {theirs}: {comparison(arms[mine], arms[theirs])}",
            spelled(step, 0.90), "yes" if low > -MARGIN else "no" if high < -MARGIN else "not shown",
            f"{seconds:.2f}", f"{share:.2f}", yes(seconds <= SECONDS), yes(share <= SHARE),
            f"{mean(own, 'moved'):.1%}".replace("%", " %"),
        ])  # fmt: skip
    return lines


def curricula(worlds: dict[str, Arms]) -> list[list[str]]:
    """Per world of images: the curriculum against its controls and its own claims; the gap is aligned − conflicting."""
    lines = [[
        "world", "− no curriculum (p)", "− noise (p)", "− target attack (p)", "better than all three",
        "aligned − original", "within 1 point", "gap, of the original's", "halved",
    ]]  # fmt: skip
    for name, arms in worlds.items():
        if CURRICULUM not in arms:
            continue
        found, controls = arms[CURRICULUM], [arms[control] for control in CONTROLS]
        better = all(bounds(differences(found, control))[0] > 0 for control in controls)
        aligned = differences(found, arms["original"], "aligned")
        left, gap = (mean(seeds, "aligned") - mean(seeds, "conflicting") for seeds in (found, arms["original"]))
        lines.append([
            name, *(comparison(found, control) for control in controls), yes(better),
            spelled(aligned), yes(aligned.mean() >= -LOST), f"{left / gap:.2f}", yes(left / gap <= GAP),
        ])  # fmt: skip
    return lines


def losers(worlds: dict[str, Arms]) -> list[list[str]]:
    """Each method against one that needs no more: in how many worlds it is ahead, and by how much."""
    lines = [["method", "against", "worlds", "ahead by mean", "ahead, interval above 0", "from", "to", "mean"]]
    for loser, winner in MATCHES.items():
        gains = [differences(arms[loser], arms[winner]) for arms in worlds.values() if {loser, winner} <= arms.keys()]
        means = [gain.mean() for gain in gains]
        ahead, surely = sum(mean > 0 for mean in means), sum(bounds(gain)[0] > 0 for gain in gains)
        ends = [f"{value:+.1f}" for value in (min(means), max(means), np.mean(means))]
        lines.append([plain(loser), plain(winner), str(len(gains)), str(ahead), str(surely), *ends])
    return lines


def yes(reached: bool) -> str:
    """In words."""
    return "yes" if reached else "no"
