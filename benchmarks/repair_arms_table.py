"""The new repair methods in report/repair.md: each against its world's rival, and what validation chose."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from repair_results import Arms, Rows, Seeds, bounds, differences, markdown, mean, plain, spelled
from repair_tables import PAGE, filled

PAIRED = "full fine-tuning"
COMPETITIONS = {
    "competition": lambda _: True,
    "competition without the new": lambda arm: arm not in NEW,
    "competition of the default": lambda arm: arm in DEFAULT,
}
"""Which arms validation chooses among."""
NEW = ("**paired GroupDRO**", "**averaged GroupDRO**", "**paired fine-tuning**")
DEFAULT = ("**unlearning**", "GroupDRO", "full fine-tuning")
"""What competes where no method is named."""
LOST, ABOVE = 1.0, 5
"""Most points of aligned accuracy to be lost against full fine-tuning; in how many worlds an arm was to win."""


def write_arms(rows: Rows, *, rivals: dict[str, str]) -> None:
    """Between the page's markers."""
    worlds = {name: with_competitions(arms) for name, arms in by_world(rows, rivals).items()}
    shown = [*NEW, "**unlearning**", *COMPETITIONS]
    page = filled(PAGE.read_text(), "arms", markdown(differences_from_rivals(worlds, rivals, shown)))
    page = filled(page, "arms aligned", markdown(aligned_costs(worlds, shown)))
    PAGE.write_text(filled(page, "arms goal", markdown(goals(worlds, rivals, shown))))


def by_world(rows: Rows, rivals: dict[str, str]) -> dict[str, Arms]:
    """Arms of each world, with the seeds that all of them have."""
    found = defaultdict[str, dict[str, Seeds]](lambda: defaultdict(dict))
    for row in rows:
        found[row["world"]][row["arm"]][row["seed"]] = row
    worlds = dict[str, Arms]()
    for name in rivals:
        arms = found[name]
        shared = set[int].intersection(*map(set, arms.values())) if rivals[name] in arms else set[int]()
        if shared:
            worlds[name] = {arm: {seed: seeds[seed] for seed in sorted(shared)} for arm, seeds in arms.items()}
    return worlds


def with_competitions(arms: Arms) -> Arms:
    """The arms and, seed by seed, the one whose chosen trial was the best on validation: what a user would have got."""
    scored = [arm for arm, seeds in arms.items() if all(row.get("validation") for row in seeds.values())]
    return arms | {
        name: {
            seed: max((arms[arm][seed] for arm in scored if among(arm)), key=lambda row: row["validation"])
            for seed in arms[PAIRED]
        }
        for name, among in COMPETITIONS.items()
    }


def differences_from_rivals(worlds: dict[str, Arms], rivals: dict[str, str], shown: list[str]) -> list[list[str]]:
    """Worst group of the rival, and each arm's paired difference from it in points."""
    lines = [["world", "seeds", "rival", "its worst group", *map(plain, shown)]]
    for name, arms in worlds.items():
        rival = arms[rivals[name]]
        gains = [spelled(differences(arms[arm], rival)) for arm in shown]
        lines.append([name, str(len(rival)), rivals[name], f"{mean(rival, 'worst_group'):.3f}", *gains])
    return lines


def aligned_costs(worlds: dict[str, Arms], shown: list[str]) -> list[list[str]]:
    """Aligned accuracy of full fine-tuning, and each arm's paired difference from it in points."""
    lines = [["world", PAIRED, "GroupDRO", *map(plain, shown)]]
    for name, arms in worlds.items():
        gains = [spelled(differences(arms[arm], arms[PAIRED], "aligned")) for arm in ("GroupDRO", *shown)]
        lines.append([name, f"{mean(arms[PAIRED], 'aligned'):.3f}", *gains])
    return lines


def goals(worlds: dict[str, Arms], rivals: dict[str, str], shown: list[str]) -> list[list[str]]:
    """In how many worlds an arm is not below the rival, above it, and within the aligned cost."""
    count, seeds = len(worlds), [len(arms[PAIRED]) for arms in worlds.values()]
    counted = f"not below the rival, {min(seeds)} to {max(seeds)} seeds a world"
    lines = [["method", counted, f"above it (goal {ABOVE})", "aligned cost at most a point", "mean of worlds, points"]]
    for arm in shown:
        gains = [differences(arms[arm], arms[rivals[name]]) for name, arms in worlds.items()]
        costs = [differences(arms[arm], arms[PAIRED], "aligned").mean() for arms in worlds.values()]
        reached = [
            sum(bounds(gain)[1] >= 0 for gain in gains),
            sum(bounds(gain)[0] > 0 for gain in gains),
            sum(cost >= -LOST for cost in costs),
        ]
        means = np.mean([gain.mean() for gain in gains])
        lines.append([plain(arm), *(f"{one} of {count}" for one in reached), f"{means:+.1f}"])
    return lines
