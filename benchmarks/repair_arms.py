"""New repair methods beside their rivals on fresh seeds; see ``--help``.

What is run, on which seeds and to what end was written down in report/repair.md before the first of these runs. Results
are JSON lines in ``results/repair_arms.jsonl``, one an arm, world and seed, all worlds of a seed before the next seed;
a run goes on where the last one stopped. The table goes to report/repair.md.
"""

from __future__ import annotations

import argparse
import json
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from typing import Any

import torch
from repair import RESULTS, path_of, repaired, rows_of, run_arm, run_randomised
from repair_arms_table import write_arms
from repair_fairlearn import BASELINES as RANDOMISED
from repair_results import best, complete
from repair_worlds import WORLDS, World
from threadpoolctl import threadpool_limits

from biasgate.progress import track
from biasgate.repair.registry import find_method

PATH = RESULTS / "repair_arms.jsonl"
NAMES = tuple(name for name in WORLDS if not name.startswith("compas"))
"""The thirteen worlds that have older results."""
SEEDS = range(10)
FIRST_SEED = {"adult sex": 20}
"""Where the older table already holds seeds 10 to 19; elsewhere fresh seeds begin at 10."""
METHODS = {
    "full fine-tuning": "fine_tuning",
    "GroupDRO": "group_dro",
    "**paired GroupDRO**": "paired_group_dro",
    "**averaged GroupDRO**": "averaged_group_dro",
    "**paired fine-tuning**": "paired_fine_tuning",
    "**unlearning**": "unlearning",
    "head refit": "head_refit",
}
"""Arms of every world; these compete on validation."""
OTHERS = {"JTT": "jtt", "DFR": "dfr", "LEACE": "leace", "group balancing": "group_balancing"}
"""Arms that run where they are the rival."""


def rival_of(world: str) -> str:
    """The baseline with the highest mean worst group on the older seeds: named by none that is scored here."""
    return best(complete(list(rows_of(path_of(world)))), "baseline")


def runs_of(world: str) -> list[str]:
    """Arms of a world."""
    rival = rival_of(world)
    return [*METHODS, *([] if rival in METHODS else [rival])]


def run_one(arm: str, world: World, seed: int) -> dict[str, Any]:
    """One arm on one world."""
    if arm in RANDOMISED:
        return run_randomised(arm, RANDOMISED[arm], world, seed)
    grid = find_method((METHODS | OTHERS)[arm]).grid()
    return run_arm(arm, partial(repaired, world, grid), world, seed)


def run_world(name: str, seed: int, missing: list[str]) -> None:
    """Appends what is missing of a world and seed, arm by arm."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    threadpool_limits(1)
    world = WORLDS[name](seed=seed)
    for arm in missing:
        row = json.dumps({"world": name, "seed": seed, **run_one(arm, world, seed)})
        with PATH.open("a") as file:
            file.write(row + "\n")


def main() -> None:
    """Runs what is missing, then remakes the table from what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=0, help="how many of ten; none: remake the table")
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    done = {(row["world"], row["seed"], row["arm"]) for row in rows_of(PATH)}
    places = [(name, FIRST_SEED.get(name, 10) + place) for place in SEEDS[: options.seeds] for name in NAMES]
    tasks = [(*at, [arm for arm in runs_of(at[0]) if (*at, arm) not in done]) for at in places]
    with ProcessPoolExecutor(options.processes) as pool:
        running = [pool.submit(run_world, *task) for task in tasks if task[-1]]
        for finished in track(as_completed(running), "arms", total=len(running), unit="worlds"):
            finished.result()
    write_arms(list(rows_of(PATH)), rivals={name: rival_of(name) for name in NAMES})


if __name__ == "__main__":
    main()
