"""Every repair method and baseline on the same models, repair data, split and grid size; see ``--help``.

A seed draws its own split, planting, initial weights and twins. Results are JSON lines, one an arm and seed, appended
as they come; a run goes on where the last one stopped. Tables go to report/repair.md, the figure to docs/figures.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from debias_fairlearn import BASELINES as RANDOMISED_BASELINES
from debias_fairlearn import Decide, Make, chosen, swap_rate
from debias_figure import write_figure
from debias_results import complete
from debias_tables import write_tables
from debias_worlds import WORLDS, World
from threadpoolctl import threadpool_limits

from biasgate.models.network import Network
from biasgate.progress import track
from biasgate.repair.classifier import PixelClassifier
from biasgate.repair.counterfactual_bias import read_bias
from biasgate.repair.data import Material, material
from biasgate.repair.groups import groups_of
from biasgate.repair.head import LinearHead
from biasgate.repair.methods.adversarial import GRID, repair_adversarially
from biasgate.repair.methods.baselines import (
    fine_tune,
    fine_tune_head,
    kamiran_calders,
    reweight,
    robust,
    train_twice,
)
from biasgate.repair.methods.combined import repair_features_then_head
from biasgate.repair.methods.erasure import erase_attribute
from biasgate.repair.methods.head_baselines import deep_feature_reweighting, gradient_step, refit_head
from biasgate.repair.methods.last_layer import head_of, read_features, repair_head
from biasgate.repair.methods.newton import unlearn, unlearn_training
from biasgate.repair.methods.unlearning import GRID as DAMPINGS
from biasgate.repair.methods.unlearning import Damping, repair_by_unlearning
from biasgate.repair.pairs import generated_pairs, twin_pairs, twin_rows
from biasgate.repair.reliance import reliance
from biasgate.repair.repair import movement, validation_rows
from biasgate.repair.repaired import Repaired

RESULTS = Path(__file__).parent / "results"
BUDGET = 600
HARMFUL = 0.5
"""Share of the training samples that unlearning from training data may replace."""
Method = Callable[..., Repaired]


def control(**changes: Any) -> Method:
    """The curriculum's own grid with one thing changed."""
    return partial(repair_adversarially, grid=[replace(settings, **changes) for settings in GRID])


def from_generated(settings: Damping, classifier: PixelClassifier, data: Material, seed: int) -> LinearHead:
    """Unlearning on pairs that the attack made, the given twins unseen as such."""
    samples, pairs = read_features(classifier, data), generated_pairs(classifier, data, seed=seed)
    return unlearn(samples, pairs, classes=len(head_of(classifier.network).bias), damping=settings.damping)


def unlearn_with_training_data(world: World) -> Method:
    """The training samples that harm most replaced by their twins; bias read on the repair data's pairs."""

    def method(
        network: Network, contract: Any, data: Material, validation: torch.Tensor, *, seconds: float, seed: int
    ) -> Repaired:
        both = read_features(PixelClassifier(network, contract), material(world.training, attribute=world.attribute))
        seen, twins = both.take(world.seen), both.take((world.seen + len(world.seen)) % len(both))
        count = int(HARMFUL * len(seen))

        def edit(settings: Damping, classifier: PixelClassifier, training: Material, _seed: int) -> LinearHead:
            pairs, classes = twin_pairs(read_features(classifier, training), training), len(head_of(network).bias)
            return unlearn_training(seen, twins, pairs, classes=classes, damping=settings.damping, count=count)

        return repair_head(network, contract, data, validation, grid=DAMPINGS, edit=edit, seconds=seconds, seed=seed)

    return method


HEAD_BASELINES: dict[str, Method] = {
    "head refit": refit_head,
    "gradient step without H⁻¹": gradient_step,
    "DFR": deep_feature_reweighting,
    "LEACE": erase_attribute,
}
TRAINED_BASELINES: dict[str, Method] = {
    "last-layer fine-tuning": fine_tune_head,
    "full fine-tuning": fine_tune,
    "GroupDRO": robust,
    "JTT": train_twice,
}
TABULAR_BASELINES: dict[str, Method] = {"group balancing": reweight, "reweighing": kamiran_calders}
CURRICULA: dict[str, Method] = {
    "**adversarial curriculum**": repair_adversarially,
    "its control: no curriculum": control(staged=False),
    "its control: noise of equal size": control(against="noise"),
    "its control: target attack": control(against="decision"),
    "**combined**: curriculum, then unlearning": repair_features_then_head,
}


def arms(world: World) -> dict[str, Method]:
    """All arms that work on the world."""
    images = world.contract.layout != "rows"
    generated = partial(repair_head, grid=DAMPINGS, edit=from_generated)
    return {
        "original": lambda network, *_, **__: unchanged(network),
        "retrained with all twins": lambda *_, **__: unchanged(world.train(world.training)),
        **HEAD_BASELINES,
        "unlearning, training data": unlearn_with_training_data(world),
        **({"unlearning, generated pairs": generated} if images else {}),
        "**unlearning**": repair_by_unlearning,
        **TRAINED_BASELINES,
        **(CURRICULA if images else TABULAR_BASELINES),
    }


def unchanged(network: Network) -> Repaired:
    """What no method chose."""
    return Repaired(network, (), validated=network, planned=0, refitted=False)


def measure(network: Network, world: World) -> dict[str, float]:
    """On test units: accuracies, worst group, fairness gaps, and how far decisions lean on the attribute."""
    data, twins = (material(part, attribute=world.attribute) for part in (world.test, world.test_twins))
    classifier = PixelClassifier(network, world.contract)
    with torch.no_grad():
        decisions = classifier(data.samples).argmax(dim=1)
    leaning = reliance(classifier, twins)
    reading = read_bias(head_of(network), twin_pairs(read_features(classifier, twins), twins))
    return {
        **rates((decisions == data.labels).double(), decisions.double(), data),
        "swap_rate": leaning.swap_rate,
        "attribution_share": leaning.attribution_share,
        "bias": reading.signed.value,
        "absolute_bias": reading.absolute.value,
    }


def measure_randomised(decide: Decide, world: World) -> dict[str, float | None]:
    """The same in expectation over a predictor's draws; there is no network to attribute to and no head to read."""
    data, twins = (material(part, attribute=world.attribute) for part in (world.test, world.test_twins))
    positive = torch.from_numpy(decide(data))
    return {
        **rates(torch.where(data.labels == 1, positive, 1 - positive), positive, data),
        "swap_rate": swap_rate(decide, *map(twins.take, map(torch.from_numpy, twin_rows(twins)))),
        **dict.fromkeys(("attribution_share", "bias", "absolute_bias")),
    }


def rates(correct: torch.Tensor, positive: torch.Tensor, data: Material) -> dict[str, float]:
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


def run_arm(name: str, method: Method, world: World, seed: int) -> dict[str, Any]:
    """One arm on one world: repaired, timed on the processor's clock, measured."""
    data = material(world.repair, attribute=world.attribute)
    validation = torch.from_numpy(validation_rows(world.repair, attribute=world.attribute, seed=seed))
    begun = time.process_time()
    found = method(world.network, world.contract, data, validation, seconds=BUDGET, seed=seed)
    seconds = time.process_time() - begun
    moved, distance = movement(world.network, found.network)
    settings = [trial.settings for trial in found.trials if trial.chosen]
    cost = {"seconds": seconds, "samples": len(data), "moved": moved, "distance": distance, "settings": settings}
    return {"arm": name, **measure(found.network, world), **cost, "training_seconds": world.seconds}


def run_randomised(name: str, make: Make, world: World, seed: int) -> dict[str, Any]:
    """The same of an arm whose result is no network."""
    data = material(world.repair, attribute=world.attribute)
    validation = torch.from_numpy(validation_rows(world.repair, attribute=world.attribute, seed=seed))
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
    runs = {arm: partial(run_arm, arm, method, world, seed) for arm, method in arms(world).items()}
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
    return RESULTS / f"debias-{name.replace(' ', '-')}.jsonl"


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
    write_figure(measured)


if __name__ == "__main__":
    main()
