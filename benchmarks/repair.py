"""Every repair method and baseline on the same models, repair data, split and grid size; see ``--help``.

A seed draws its own split, planting, initial weights and counterfactual pairs. Results are JSON lines, one an arm and
seed, appended as they come; a run goes on where the last one stopped. Tables go to report/repair.md, the figure to
docs/figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from pathlib import Path
from typing import Any

import torch
from repair_controls import GradientStep, HeadFineTuning, NoCurriculum, Noise, TargetAttack, from_training_data
from repair_fairlearn import BASELINES as RANDOMISED_BASELINES
from repair_fairlearn import Decide, Make, chosen, swap_rate
from repair_figure import write_figure
from repair_guide import write_guide
from repair_results import complete
from repair_tables import write_tables
from repair_worlds import WORLDS, World
from threadpoolctl import threadpool_limits

from biasgate.models.network import Network
from biasgate.progress import track
from biasgate.repair.budget import Budget
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.data import RepairData, read_data, validation_rows
from biasgate.repair.groups import groups_of
from biasgate.repair.heads.bias import read_bias
from biasgate.repair.heads.last_layer import head_of, read_features
from biasgate.repair.method import RepairMethod
from biasgate.repair.pairs import given_pairs, pair_rows
from biasgate.repair.registry import read_method
from biasgate.repair.reliance import reliance
from biasgate.repair.repair import movement
from biasgate.repair.trials import Repaired, best_of

RESULTS = Path(__file__).parent / "results"
BUDGET = 600
Arm = Callable[[RepairData, torch.Tensor, int], Repaired]
"""From repair data, the rows that choose and a seed to a repaired network."""

HEAD_BASELINES: dict[str, str | type[RepairMethod]] = {
    "head refit": "head_refit",
    "gradient step without H⁻¹": GradientStep,
    "DFR": "dfr",
    "LEACE": "leace",
}
TRAINED_BASELINES: dict[str, str | type[RepairMethod]] = {
    "last-layer fine-tuning": HeadFineTuning,
    "full fine-tuning": "fine_tuning",
    "GroupDRO": "group_dro",
    "JTT": "jtt",
}
TABULAR_BASELINES: dict[str, str | type[RepairMethod]] = {
    "group balancing": "group_balancing",
    "reweighing": "reweighing",
}
CURRICULA: dict[str, str | type[RepairMethod]] = {
    "**adversarial curriculum**": "adversarial",
    "its control: no curriculum": NoCurriculum,
    "its control: noise of equal size": Noise,
    "its control: target attack": TargetAttack,
    "**combined**: curriculum, then unlearning": "combined",
}


def arms(world: World) -> dict[str, Arm]:
    """All arms that work on the world."""
    images = world.contract.layout != "rows"
    methods: dict[str, Sequence[RepairMethod]] = {
        name: read_method(method) if isinstance(method, str) else method.grid()
        for name, method in {
            **HEAD_BASELINES,
            "**unlearning**": "unlearning",
            **({"unlearning, generated pairs": "unlearning_generated"} if images else {}),
            **TRAINED_BASELINES,
            **(CURRICULA if images else TABULAR_BASELINES),
        }.items()
    }
    methods["unlearning, training data"] = from_training_data(world)
    return {
        "original": lambda *_: unchanged(world.network),
        "retrained with all twins": lambda *_: unchanged(world.train(world.training)),
        **{name: partial(repaired, world, grid) for name, grid in methods.items()},
    }


def repaired(
    world: World, grid: Sequence[RepairMethod], data: RepairData, validation: torch.Tensor, seed: int
) -> Repaired:
    """By the best of some settings."""
    classifier = PixelClassifier(world.network, world.contract)
    return best_of(grid, classifier, data, validation=validation, budget=Budget(BUDGET), seed=seed)


def unchanged(network: Network) -> Repaired:
    """What no method chose."""
    return Repaired(network, (), validated=network, planned=0, refitted=False)


def measure(network: Network, world: World) -> dict[str, float]:
    """On test clusters: accuracies, worst group, fairness gaps, and how far decisions lean on the attribute."""
    data, pairs = (read_data(part, attribute=world.attribute) for part in (world.test, world.test_pairs))
    classifier = PixelClassifier(network, world.contract)
    with torch.no_grad():
        decisions = classifier(data.samples).argmax(dim=1)
    leaning, _ = reliance(classifier, pairs)
    reading = read_bias(head_of(network), given_pairs(read_features(classifier, pairs), pairs))
    return {
        **rates((decisions == data.labels).double(), decisions.double(), data),
        "swap_rate": leaning.swap_rate,
        "attribution_share": leaning.attribution_share,
        "bias": reading.signed.value,
        "absolute_bias": reading.absolute.value,
    }


def measure_randomised(decide: Decide, world: World) -> dict[str, float | None]:
    """The same in expectation over a predictor's draws; there is no network to attribute to and no head to read."""
    data, pairs = (read_data(part, attribute=world.attribute) for part in (world.test, world.test_pairs))
    positive = torch.from_numpy(decide(data))
    return {
        **rates(torch.where(data.labels == 1, positive, 1 - positive), positive, data),
        "swap_rate": swap_rate(decide, *map(pairs.take, map(torch.from_numpy, pair_rows(pairs)))),
        **dict.fromkeys(("attribution_share", "bias", "absolute_bias")),
    }


def rates(correct: torch.Tensor, positive: torch.Tensor, data: RepairData) -> dict[str, float]:
    """Accuracies; for two classes also DDP = |ΔP(ŷ = 1)| and the differences of true and false positive rates.

    Args:
        correct: Whether a decision is right, or the probability of that ``[n]``.
        positive: Whether it is class 1, likewise.
        data: What was decided on.
    """
    groups = groups_of(data)
    found = {
        "accuracy": float(correct.mean()),
        "aligned": float(correct[data.aligned].mean()),
        "conflicting": float(correct[~data.aligned].mean()),
        "worst_group": min(float(correct[groups == group].mean()) for group in groups.unique()),
    }
    if int(data.labels.max()) > 1 or data.kinds > 2:
        return found
    parts = {"ddp": data.labels >= 0, "tpr_gap": data.labels == 1, "fpr_gap": data.labels == 0}
    shares = {
        name: [positive[rows & (data.values == value)].mean() for value in (0, 1)] for name, rows in parts.items()
    }
    return found | {name: float((both[0] - both[1]).abs()) for name, both in shares.items()}


def run_arm(name: str, arm: Arm, world: World, seed: int) -> dict[str, Any]:
    """One arm on one world: repaired, timed on the processor's clock, measured."""
    data = read_data(world.repair, attribute=world.attribute)
    validation = validation_rows(world.repair, data, seed=seed)
    begun = time.process_time()
    found = arm(data, validation, seed)
    seconds = time.process_time() - begun
    moved, distance = movement(world.network, found.network)
    settings = [trial.settings for trial in found.trials if trial.chosen]
    cost = {"seconds": seconds, "samples": len(data), "moved": moved, "distance": distance, "settings": settings}
    merits = [trial.merit for trial in found.trials if trial.chosen]
    chosen = {"validation": merits, "training_seconds": world.seconds}
    return {"arm": name, **measure(found.network, world), **cost, **chosen}


def run_randomised(name: str, make: Make, world: World, seed: int) -> dict[str, Any]:
    """The same of an arm whose result is no network."""
    data = read_data(world.repair, attribute=world.attribute)
    validation = validation_rows(world.repair, data, seed=seed)
    begun = time.process_time()
    found = chosen(make, world, data, validation)
    seconds = time.process_time() - begun
    cost = {"seconds": seconds, "samples": len(data), "moved": None, "distance": None}
    settings = {"settings": [{"objective": found.objective}], "training_seconds": world.seconds}
    return {"arm": name, **measure_randomised(found.decide, world), **cost, **settings}


def run_seed(name: str, seed: int, done: frozenset[str], path: Path) -> None:
    """Appends what ``path`` lacks of a seed, arm by arm."""
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    threadpool_limits(1)
    world = WORLDS[name](seed=seed)
    runs = {name: partial(run_arm, name, arm, world, seed) for name, arm in arms(world).items()}
    if world.contract.layout == "rows":
        runs |= {arm: partial(run_randomised, arm, make, world, seed) for arm, make in RANDOMISED_BASELINES.items()}
    for arm, measured in runs.items():
        if arm not in done:
            row = json.dumps({"world": name, "seed": seed, **measured()})
            with path.open("a") as file:
                file.write(row + "\n")


def run(name: str, seeds: range, path: Path, *, processes: int) -> None:
    """Runs what is missing, seeds side by side."""
    rows = list(rows_of(path))
    done = {seed: frozenset(row["arm"] for row in rows if row["seed"] == seed) for seed in seeds}
    with ProcessPoolExecutor(processes) as pool:
        running = [pool.submit(run_seed, name, seed, done[seed], path) for seed in seeds]
        for finished in track(as_completed(running), name, total=len(running), unit="seeds"):
            finished.result()


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    """Results so far."""
    yield from map(json.loads, path.read_text().splitlines()) if path.exists() else ()


def path_of(name: str) -> Path:
    """Where a world's results lie."""
    return RESULTS / f"repair-{name.replace(' ', '-')}.jsonl"


def main() -> None:
    """Runs, then remakes all tables and the figure from what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--world", nargs="*", choices=WORLDS, default=[], help="none: remake tables and figure")
    parser.add_argument("--seeds", type=int, default=10, help="how many")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    for name in options.world:
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        run(name, seeds, path_of(name), processes=options.processes)
    found = {name: complete(list(rows_of(path_of(name)))) for name in sorted(WORLDS)}
    measured = {name: arms for name, arms in found.items() if arms}
    if not measured:
        sys.exit("no world has a seed with all arms yet")
    write_tables(measured)
    write_guide(measured)
    write_figure(measured)


if __name__ == "__main__":
    main()
